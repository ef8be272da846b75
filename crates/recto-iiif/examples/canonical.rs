//! Prints what an Image API URL asks of an image of a given size, the one URL that this has, and its info.json:
//!
//! ```sh
//! cargo run --example canonical -- 6000x4000 /iiif/3/map.tif/0,0,2048,2048/512,/0/color.jpg
//! ```

use recto_iiif::{
    Budget, Dimensions, Extras, ImageInfo, ImageService, Limits, Offer, Pages, Target, Tiling, base_uri,
    parse,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [size, uri] = arguments.as_slice() else {
        return Err("two arguments: WIDTHxHEIGHT /iiif/...".into());
    };
    let (width, height) = size.split_once('x').ok_or("a size is WIDTHxHEIGHT")?;
    let image = Dimensions::new(width.parse()?, height.parse()?);
    let (version, identifier, request) = match parse(uri.as_bytes())? {
        Target::Image { version, identifier, request } => (version, identifier, Some(request)),
        Target::Info { version, identifier } | Target::Base { version, identifier } => {
            (version, identifier, None)
        }
    };

    let (limits, offer) = (Limits::default(), Offer::default());
    // As if it were stored in tiles of 256 pixels, each level half as large as the one before.
    let tiling = Tiling::of(image, Some(Dimensions::new(256, 256)), &limits);
    let half = |of: &Dimensions| {
        let next = Dimensions::new(of.width / 2, of.height / 2);
        (next.area() > 0 && of.width.max(of.height) > 256).then_some(next)
    };
    let sizes: Vec<Dimensions> = std::iter::successors(Some(image), half).collect();

    let service = ImageService { version, tiling, has_colour: true, limits, offer: &offer };
    let id = base_uri("https://example.org/iiif", version, &identifier);
    if let Some(request) = request {
        let derivative = service.resolve(&request)?;
        println!("region     {}", derivative.region);
        println!("scaled to  {}", derivative.size);
        println!("answer     {}", derivative.canvas());
        println!("canonical  {id}/{}", service.canonical(&derivative));
        println!();
    }
    let info = ImageInfo {
        id: &id,
        service,
        sizes: &sizes,
        scale: None,
        pages: Pages::default(),
        extras: &Extras::default(),
        budget: Budget::UNLIMITED,
    };
    println!("{:#}", info.to_json());
    Ok(())
}
