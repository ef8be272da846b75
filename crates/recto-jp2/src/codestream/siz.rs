//! SIZ: the reference grid, its tiles and the components (T.800 A.5.1, annex B.2 and B.3).

use super::marker::Fields;
use crate::error::Error;
use crate::geometry::{Dimensions, Rect};

/// More components than this are refused: no picture has them, and each costs memory in every tile.
const MAX_COMPONENTS: u16 = 256;

/// The number of a tile has 16 bits (Isot), and 65535 of them are allowed.
const MAX_TILES: u64 = 65_535;

/// The values of SIZ; [`super::Header`] explains each.
pub(super) struct Size {
    pub image: Rect,
    pub tile_origin: (u32, u32),
    pub tile: Dimensions,
    pub components: Vec<Component>,
}

/// One component in SIZ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Bits of a sample, sign included: 1 to 38.
    pub precision: u8,
    /// Whether samples are signed.
    pub signed: bool,
    /// XRsiz: columns of the reference grid per sample, 1 to 255.
    pub dx: u32,
    /// YRsiz: rows of the reference grid per sample, 1 to 255.
    pub dy: u32,
}

impl Size {
    /// Reads the parameters of SIZ.
    pub(super) fn read(mut fields: Fields) -> Result<Self, Error> {
        let _capabilities = fields.u16()?;
        let [right, bottom, x, y] = four(&mut fields)?;
        let [width, height, tile_x, tile_y] = four(&mut fields)?;
        if x >= right || y >= bottom {
            return Err(fields.wrong("an image area without samples"));
        }
        if right.max(bottom) > i32::MAX as u32 {
            return Err(fields.wrong("an image beyond 2^31"));
        }
        let (tile, image) = (Dimensions::new(width, height), Rect::new(x, y, right - x, bottom - y));
        let covers = |origin: u32, side: u32, start: u32| {
            origin <= start && u64::from(origin) + u64::from(side) > u64::from(start)
        };
        if !covers(tile_x, width, x) || !covers(tile_y, height, y) {
            return Err(fields.wrong("a first tile outside the image area (T.800 B-3, B-4)"));
        }
        let count = fields.u16()?;
        if !(1..=MAX_COMPONENTS).contains(&count) {
            return Err(fields.wrong(format_args!("{count} components")));
        }
        let components = (0..count).map(|_| Component::read(&mut fields, image)).collect::<Result<_, _>>()?;
        let tile_origin = (tile_x, tile_y);
        let (columns, rows) = tile_grid(image, tile_origin, tile);
        if columns.saturating_mul(rows) > MAX_TILES {
            return Err(fields.wrong(format_args!("{columns} x {rows} tiles")));
        }
        Ok(Self { image, tile_origin, tile, components })
    }
}

/// Columns and rows of tiles (T.800 B-5).
pub(super) fn tile_grid(image: Rect, origin: (u32, u32), tile: Dimensions) -> (u64, u64) {
    let count = |end: u32, start: u32, side: u32| u64::from(end - start).div_ceil(side.into());
    (count(image.right(), origin.0, tile.width), count(image.bottom(), origin.1, tile.height))
}

impl Component {
    /// The least that a sample of at most 16 bits can be.
    #[inline]
    pub fn least(&self) -> i32 {
        if self.signed { -(1 << (self.precision.clamp(1, 16) - 1)) } else { 0 }
    }

    /// Where its samples of an area of the reference grid lie on its own grid, with `reduction` highest resolutions
    /// left out (T.800 B-12, B-14).
    pub fn reduced(&self, area: Rect, reduction: u8) -> Rect {
        area.mapped(|x| x.div_ceil(self.dx), |y| y.div_ceil(self.dy)).reduced(reduction)
    }

    fn read(fields: &mut Fields, image: Rect) -> Result<Self, Error> {
        let (depth, dx, dy) = (fields.u8()?, fields.u8()?, fields.u8()?);
        let precision = (depth & 0x7f) + 1;
        if precision > 38 {
            return Err(fields.wrong(format_args!("samples of {precision} bits")));
        }
        let none = |start: u32, end: u32, step: u8| {
            step == 0 || start.div_ceil(step.into()) >= end.div_ceil(step.into())
        };
        if none(image.x, image.right(), dx) || none(image.y, image.bottom(), dy) {
            return Err(fields.wrong("a component without samples"));
        }
        Ok(Self { precision, signed: depth & 0x80 != 0, dx: dx.into(), dy: dy.into() })
    }
}

fn four(fields: &mut Fields) -> Result<[u32; 4], Error> {
    Ok([fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?])
}
