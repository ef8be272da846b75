//! Headers written by hand.

/// The bytes of a main header of so many components, coded as encoders do by default, but that the second can be halved
/// only twice; `image` is Xsiz, Ysiz, XOsiz,
/// YOsiz, `tile` likewise.
pub(in super::super) fn bytes(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
    let cod = segment(0xff52, &[0, 2, 0, 1, 1, 5, 4, 4, 0, 1]);
    let coc = if components.len() > 1 { segment(0xff53, &[1, 0, 2, 4, 4, 0, 1]) } else { Vec::new() };
    [start(image, tile, components), cod, coc, qcd(9), tile_part(0, 0, &[], &[])].concat()
}

/// A marker segment.
fn segment(code: u16, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len() + 2).expect("short");
    [&code.to_be_bytes()[..], &length.to_be_bytes(), parameters].concat()
}

/// SOC and SIZ: an image of three components, in tiles of this width and the same height.
fn start(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Vec<u8> {
    let sizes = [image, tile].concat().into_iter().flat_map(u32::to_be_bytes);
    let siz = [0, 0].into_iter().chain(sizes).chain([0, components.len() as u8]);
    let siz: Vec<u8> = siz.chain(components.as_flattened().iter().copied()).collect();
    [vec![0xff, 0x4f], segment(0xff51, &siz)].concat()
}

/// QCD of exponents only, all the same.
fn qcd(exponent: u8) -> Vec<u8> {
    segment(0xff5c, &[&[0x40][..], &[exponent << 3; 19]].concat())
}

fn tile_part(tile: u8, number: u8, segments: &[u8], packets: &[u8]) -> Vec<u8> {
    let length = (14 + segments.len() + packets.len()) as u32;
    let sot = segment(0xff90, &[&[0, tile][..], &length.to_be_bytes(), &[number, 0]].concat());
    [&sot[..], segments, &[0xff, 0x93], packets].concat()
}
