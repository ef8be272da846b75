//! PDF of one page that a JPEG fills: 744 bytes around it, in no measurable time.
//! ISO 32000-1 sections 7.4.8 (DCTDecode), 8.9 (images), annex C (a page has at most 14400 units a side).

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

use crate::picture::Dimensions;

/// The longest side of a page, in points.
const LONGEST: f32 = 14_400.0;

/// The document of a JPEG of that size, gray or of three colours, whose profile is given if it is not sRGB.
pub(super) fn document(
    jpeg: &[u8],
    size: Dimensions,
    coloured: bool,
    profile: Option<&[u8]>,
    dpi: u16,
) -> Vec<u8> {
    let [catalog, pages, page, picture, content, colours] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let name = Name(b"Picture");
    let [width, height] = page_sides(size, dpi);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(content);
    sheet.resources().x_objects().pair(name, picture);
    sheet.finish();

    let mut image = pdf.image_xobject(picture, jpeg);
    image.filter(Filter::DctDecode);
    image.width(size.width as i32).height(size.height as i32).bits_per_component(8);
    match (profile, coloured) {
        (Some(_), _) => image.color_space().icc_based(colours),
        (None, true) => image.color_space().device_rgb(),
        (None, false) => image.color_space().device_gray(),
    }
    image.finish();
    if let Some(profile) = profile {
        pdf.icc_profile(colours, profile).n(if coloured { 3 } else { 1 });
    }

    let mut drawing = Content::new();
    drawing.transform([width, 0.0, 0.0, height, 0.0, 0.0]).x_object(name);
    pdf.stream(content, &drawing.finish());
    pdf.finish()
}

/// The sides of the page in points of 1/72 inch; a page that would be too long is shrunk.
fn page_sides(size: Dimensions, dpi: u16) -> [f32; 2] {
    let points = |pixels: u32| pixels as f32 * 72.0 / f32::from(dpi);
    let shrunk = (LONGEST / points(size.width.max(size.height))).min(1.0);
    [size.width, size.height].map(|pixels| points(pixels) * shrunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_size_of_its_resolution_within_the_limit() {
        assert_eq!(page_sides(Dimensions::new(300, 600), 72), [300.0, 600.0]);
        assert_eq!(page_sides(Dimensions::new(300, 600), 300), [72.0, 144.0]);
        assert_eq!(page_sides(Dimensions::new(28_800, 7_200), 72), [14_400.0, 3_600.0]);
    }
}
