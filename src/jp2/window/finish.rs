//! From the samples of a tile's components to codes: component transform, rounding, level shift.
//! Pure. T.800 annex G.

use std::ops::Range;

use crate::error::MasterError;
use crate::jp2::codestream::Component;
use crate::jp2::plane::Plane;
use crate::jp2::transform::{self, Nominal};
use crate::picture::Rect;

/// Rows that are finished at a time, all components of them: few enough to stay in the cache of a core meanwhile.
const ROWS: usize = 16;

/// Samples of a component before they become codes: by the wavelet that made them.
pub enum Samples {
    /// Of the 5/3 wavelet.
    Reversible(Plane<i32>),
    /// Of the 9/7 wavelet.
    Irreversible(Plane<f32>),
}

/// Puts what was decoded of a tile's components into its place in `planes`, of which those that are not wanted are empty.
/// `is_transformed` says whether the first three components were made of red, green and blue.
///
/// # Errors
/// [`MasterError::Damaged`] if these three are not alike.
pub fn finish(
    samples: &mut [Option<Samples>],
    is_transformed: bool,
    components: &[Component],
    planes: &mut [Plane],
) -> Result<(), MasterError> {
    let height = samples.iter().flatten().map(|samples| samples.rect().height).max();
    for start in (0..height.unwrap_or(0) as usize).step_by(ROWS) {
        let rows = start..start + ROWS;
        if is_transformed {
            undo_component_transform(samples, rows.clone())?;
        }
        for ((samples, component), plane) in samples.iter().zip(components).zip(&mut *planes) {
            if let Some(samples) = samples.as_ref().filter(|_| !plane.samples.is_empty()) {
                samples.place(rows.clone(), Nominal::new(component.precision), plane);
            }
        }
    }
    Ok(())
}

impl Samples {
    fn rect(&self) -> Rect {
        match self {
            Self::Reversible(part) => part.rect,
            Self::Irreversible(part) => part.rect,
        }
    }

    /// Puts rows of a part of a plane into their place as codes.
    fn place(&self, rows: Range<usize>, nominal: Nominal, plane: &mut Plane) {
        match self {
            Self::Reversible(part) => place(part, rows, plane, |part, row| nominal.shift(part, row)),
            Self::Irreversible(part) => place(part, rows, plane, |part, row| nominal.round(part, row)),
        }
    }
}

fn place<T>(part: &Plane<T>, rows: Range<usize>, plane: &mut Plane, convert: impl Fn(&[T], &mut [u16])) {
    let (from, to) = (part.rect.width as usize, plane.rect.width as usize);
    let (left, top) = ((part.rect.x - plane.rect.x) as usize, (part.rect.y - plane.rect.y) as usize);
    let places = plane.samples.chunks_exact_mut(to).skip(top + rows.start);
    for (part, row) in part.samples[part.range(rows)].chunks_exact(from).zip(places) {
        convert(part, &mut row[left..left + from]);
    }
}

/// T.800 G.2 and G.3: rows of the first three components become red, green and blue.
fn undo_component_transform(samples: &mut [Option<Samples>], rows: Range<usize>) -> Result<(), MasterError> {
    match samples {
        // Some encoders of gray pictures ask for it all the same.
        [] | [_] | [_, _] | [None, None, None, ..] => Ok(()),
        [
            Some(Samples::Reversible(first)),
            Some(Samples::Reversible(second)),
            Some(Samples::Reversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            let range = first.range(rows);
            transform::undo_reversible([first, second, third].map(|plane| &mut plane.samples[range.clone()]));
            Ok(())
        }
        [
            Some(Samples::Irreversible(first)),
            Some(Samples::Irreversible(second)),
            Some(Samples::Irreversible(third)),
            ..,
        ] if first.rect == second.rect && second.rect == third.rect => {
            let range = first.range(rows);
            transform::undo_irreversible(
                [first, second, third].map(|plane| &mut plane.samples[range.clone()]),
            );
            Ok(())
        }
        _ => Err(MasterError::damaged("a transform of components that are not alike")),
    }
}
