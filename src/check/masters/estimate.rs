//! What it takes to serve what viewers ask for, by the estimate by which the server admits requests
//! ([`Cost`]), and whether it would be served at all.

use std::rc::Rc;

use super::asked::{self, Tiles};
use super::remedy::Layout;
use crate::derive::Rendering;
use crate::derive::pipeline::Pipeline;
use crate::derive::plan::{Cost, Plan, Scaling};
use crate::error::Error;
use crate::master::{Master, Reader};
use crate::picture::{Codec, Coding, Derivative, Description, Dimensions, Level, Sampling};

/// The side of the tiles of the best layouts.
const TILE_SIDE: u32 = 256;

/// What it takes.
pub(super) struct Estimate {
    /// The part of the tiles that is sent as it is stored.
    pub(super) pass_through: f64,
    /// Milliseconds for a tile: the mean of all scale factors.
    pub(super) tile_ms: f64,
    /// What takes longest, and what it takes.
    pub(super) slowest: (String, Cost),
    /// What is refused, and why.
    pub(super) refused: Option<(String, Error)>,
}

/// Sums over what is asked for.
struct Sums<'a> {
    master: &'a Rc<Master>,
    rendering: &'a Rendering,
    slowest: Option<(Derivative, Cost)>,
    refused: Option<(Derivative, Error)>,
}

impl Estimate {
    /// What it takes to serve a master. Of each scale factor the bytes of one tile are looked at, and where some others
    /// lie.
    ///
    /// # Errors
    /// [`Error::Master`] if a tile is not in the file.
    pub(super) fn of(
        master: &Rc<Master>,
        rendering: &Rendering,
        pipeline: &mut Pipeline,
    ) -> Result<Self, Error> {
        let mut sums = Sums { master, rendering, slowest: None, refused: None };
        let factors = asked::tiles(&master.description, &rendering.limits);
        let (mut milliseconds, mut passed) = (0.0, 0.0);
        for kinds in &factors {
            let (ms, share) = sums.factor(kinds, pipeline)?;
            milliseconds += ms;
            passed += share;
        }
        for thumbnail in asked::thumbnails(&master.description) {
            let plan = sums.plan(&thumbnail);
            sums.take(thumbnail, plan.cost(), plan.within(rendering).err());
        }
        let count = factors.len().max(1) as f64;
        let spelled = |of: &Derivative| asked::spelled(of, &master.description);
        Ok(Self {
            pass_through: passed / count,
            tile_ms: milliseconds / count,
            slowest: sums.slowest.map(|(of, cost)| (spelled(&of), cost)).unwrap_or_default(),
            refused: sums.refused.map(|(of, error)| (spelled(&of), error)),
        })
    }
}

impl Sums<'_> {
    fn plan(&self, derivative: &Derivative) -> Plan {
        let reader = |scaling: &Scaling| self.master.reader(scaling.level, || scaling.first_window());
        Plan::new(derivative, &self.master.description, reader, self.rendering)
    }

    /// Milliseconds for a tile of one scale factor, and the part of its tiles that is sent as it is stored. The tiles of
    /// a level are written in one way, so one tells of all.
    fn factor(&mut self, kinds: &[Tiles], pipeline: &mut Pipeline) -> Result<(f64, f64), Error> {
        let plans: Vec<(&Tiles, Plan)> = kinds.iter().map(|of| (of, self.plan(&of.sample))).collect();
        for (_, plan) in plans.iter().filter(|(_, plan)| plan.scaling.exact_tile().is_some()) {
            self.master.ranges(plan.scaling.level, plan.scaling.window())?;
        }
        let passing = plans.iter().find(|(_, plan)| plan.pass_through.is_some());
        let passes = match passing {
            Some((_, plan)) => pipeline.passes(self.master, plan)?,
            None => false,
        };
        let all: u64 = kinds.iter().map(|of| of.count).sum();
        let (mut milliseconds, mut passed) = (0.0, 0.0);
        for (tiles, plan) in plans {
            let is_passed = passes && plan.pass_through.is_some();
            let cost = if is_passed { Cost::AS_STORED } else { plan.cost() };
            let share = tiles.count as f64 / all.max(1) as f64;
            milliseconds += share * self::milliseconds(cost);
            passed += if is_passed { share } else { 0.0 };
            self.take(tiles.sample, cost, plan.within(self.rendering).err());
        }
        Ok((milliseconds, passed))
    }

    /// Notes what one request takes.
    fn take(&mut self, derivative: Derivative, cost: Cost, refused: Option<Error>) {
        let weight = |cost: &Cost| (cost.class(), cost.work);
        if self.slowest.as_ref().is_none_or(|(_, most)| weight(&cost) > weight(most)) {
            self.slowest = Some((derivative, cost));
        }
        if let Some(error) = refused.filter(|_| self.refused.is_none()) {
            self.refused = Some((derivative, error));
        }
    }
}

/// Milliseconds for a tile of a picture as `layout` would store it.
pub(super) fn of_layout(description: &Description, layout: Layout, rendering: &Rendering) -> f64 {
    if layout == Layout::Jpeg && rendering.tiles.pass_through > 0.0 {
        return milliseconds(Cost::AS_STORED);
    }
    let codec = if layout == Layout::Jpeg { Codec::Jpeg } else { Codec::Deflate };
    let best = Description { levels: levels(description, codec), ..description.clone() };
    let factors = asked::tiles(&best, &rendering.limits);
    let cost = |tiles: &Tiles| {
        milliseconds(Plan::new(&tiles.sample, &best, |_| Reader::Pieces, rendering).cost())
            * tiles.count as f64
    };
    let of_factor = |kinds: &Vec<Tiles>| {
        let count: u64 = kinds.iter().map(|of| of.count).sum();
        kinds.iter().map(cost).sum::<f64>() / count.max(1) as f64
    };
    factors.iter().map(of_factor).sum::<f64>() / factors.len().max(1) as f64
}

/// The levels of a whole pyramid in tiles.
fn levels(description: &Description, codec: Codec) -> Vec<Level> {
    let full = description.levels[0].dimensions;
    let halved = |size: &Dimensions| {
        let half = Dimensions::new(size.width.div_ceil(2), size.height.div_ceil(2));
        (size.width.max(size.height) > TILE_SIDE).then_some(half)
    };
    let level = |dimensions| Level {
        dimensions,
        tile: Dimensions::new(TILE_SIDE, TILE_SIDE),
        tiled: true,
        stored_as: None,
        coding: Coding::of(codec, description.pixel_bytes() as u32),
        sampling: Sampling::Boxes,
        is_stored: true,
    };
    std::iter::successors(Some(full), halved).map(level).collect()
}

pub(super) fn milliseconds(cost: Cost) -> f64 {
    cost.work.as_secs_f64() * 1000.0
}
