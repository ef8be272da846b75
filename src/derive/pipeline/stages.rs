//! The stages of every derivative, in their order: those of whole pictures, and of pictures that are written while they
//! are made.

use std::iter;
use std::rc::Rc;

use super::Lent;
use super::scale::scaled;
use crate::derive::plan::Plan;
use crate::error::Error;
use crate::master::{Decoder, Master};
use crate::memory::room;
use crate::picture::{Channels, Dimensions, Rect};
use crate::raster::{Conversion, Raster, Resampler, Sample, apply, orient, rotate};
use crate::watch::Watch;

/// The bands of a derivative as they are written, top to bottom: each is made on demand. After an error the rest is
/// meaningless.
///
/// This is the list of stages. A new one is a line here: a function of the rows before it.
pub(super) fn bands<S: Sample>(
    master: Rc<Master>,
    plan: Plan,
    mut decoder: Lent<'_, Decoder>,
    conversion: Conversion<S>,
    resampler: Lent<'_, Resampler>,
    watch: Watch,
) -> impl Iterator<Item = Result<Raster<S>, Error>> {
    // Stages on windows of the level. Colours are converted before scaling, so that a tile and a scaled picture match
    // where they meet.
    let mut decoded = move |window: Rect| master.decode(&mut decoder, plan.scaling.level, window);
    let coloured = move |window: Rect, watch: &Watch| Ok(conversion.apply(decoded(window)?, watch)?);
    // Stages on bands of the picture.
    let scaled = scaled(plan.scaling, resampler, watch.clone(), coloured);
    let whole = whole_if(plan.turns_rows(), scaled, plan.scaling.output().height);
    let oriented = each(whole, watch.clone(), move |rows, watch| Ok(orient(rows, plan.turn, watch)?));
    let tilted = each(oriented, watch.clone(), move |rows, watch| tilt(rows, plan.tilt, plan.paper, watch));
    each(tilted, watch, move |rows, _| Ok(apply(rows, plan.quality, plan.paper)))
}

/// All bands as one picture, of so many rows. Whatever made the bands is dropped with its buffers.
pub(super) fn gathered<S: Sample>(
    bands: impl Iterator<Item = Result<Raster<S>, Error>>,
    height: u32,
) -> Result<Raster<S>, Error> {
    let mut picture = Raster::new(Dimensions::new(0, 0), Channels::Gray);
    for rows in bands {
        let rows = rows?;
        if picture.dimensions.height == 0 {
            room(u64::from(height) * (rows.row_length() * size_of::<S>()) as u64)?;
        }
        picture.append(rows);
        picture.reserve_rows(height);
    }
    Ok(picture)
}

/// The bands as they come, or gathered into one.
fn whole_if<S: Sample>(
    is_whole: bool,
    bands: impl Iterator<Item = Result<Raster<S>, Error>>,
    height: u32,
) -> impl Iterator<Item = Result<Raster<S>, Error>> {
    let mut bands = Some(bands);
    iter::from_fn(move || match is_whole {
        true => bands.take().map(|bands| gathered(bands, height)),
        false => bands.as_mut()?.next(),
    })
}

/// The bands, each of them changed, as long as the work may go on.
fn each<S: Sample>(
    bands: impl Iterator<Item = Result<Raster<S>, Error>>,
    watch: Watch,
    mut change: impl FnMut(Raster<S>, &Watch) -> Result<Raster<S>, Error>,
) -> impl Iterator<Item = Result<Raster<S>, Error>> {
    bands.map(move |rows| {
        watch.check()?;
        change(rows?, &watch)
    })
}

fn tilt<S: Sample>(
    rows: Raster<S>,
    degrees: f64,
    paper: Option<[u8; 3]>,
    watch: &Watch,
) -> Result<Raster<S>, Error> {
    if degrees == 0.0 { Ok(rows) } else { Ok(rotate(&rows, degrees, paper, watch)?) }
}
