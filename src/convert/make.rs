//! A decision carried out: from a master to the file that it should be.

use std::path::Path;
use std::thread;

use super::aside::Aside;
use super::decision::{Decision, Way};
use super::failure::{Blame, Failure};
use super::job::Job;
use super::report::Report;
use super::wish::Container;
use super::{jp2, seal, tags, verify};
use crate::metadata::Seal;
use crate::pyramid::{self, Settings, Tags, Writer, Written};

impl Job<'_> {
    /// Does it.
    ///
    /// # Errors
    /// [`Failure`]; nothing is written then.
    pub(super) fn run(&self) -> Result<Report, Failure> {
        if self.decision.way == Way::LeaveAlone {
            return Ok(self.report());
        }
        match self.made()? {
            Some(report) => Ok(report),
            None => {
                let why = "its data are not as they should be, so that its pixels are decoded".to_owned();
                let decision = Decision { way: Way::Encode, why, kept_levels: 0, ..self.decision.clone() };
                Job { decision: &decision, ..*self }.run()
            }
        }
    }

    /// The file and all that belongs to it; None if it cannot be made as it was decided.
    fn made(&self) -> Result<Option<Report>, Failure> {
        let (order, wish) = (self.order, self.wish);
        let blank = seal::blank(order, wish);
        let mut report = self.report();
        let tags = tags::of(self.source, &blank, &mut report.notes)?;
        let aside = Aside::of(&order.output);
        let (written, source) = thread::scope(|scope| {
            let digest = scope.spawn(|| seal::of_file(&order.input, self.stop));
            let written = self.write(aside.path(), tags)?;
            let ended = |_| Failure::new(&order.input, Blame::Recto, "a thread that reads it has ended");
            Ok((written, digest.join().map_err(ended)??))
        })?;
        let Some(written) = written else { return Ok(None) };
        report.verified = wish.verify.then(|| verify::verify(self, aside.path())).transpose()?;
        let pixels = report.verified.as_ref().map(|verified| verified.pixels.clone());
        let sealed = seal::fill(aside.path(), &blank, &Seal { pixels, source, ..blank.clone() });
        // Nobody has asked for the file that is aside.
        sealed.map_err(|failure| Failure { file: order.output.clone(), ..failure })?;
        aside.take_place()?;
        Ok(Some(Report {
            output: Some(order.output.clone()),
            levels: written.levels.len(),
            bytes_out: written.bytes,
            big: written.big,
            ..report
        }))
    }

    /// The file, as it was decided; None if that is not possible.
    fn write(&self, path: &Path, tags: Tags) -> Result<Option<Written>, Failure> {
        match self.decision.way {
            _ if self.wish.container == Container::Jp2 => self.encode_jp2(path, tags).map(Some),
            Way::CarryCoefficients => self.carry_coefficients(path, &tags),
            Way::CarryTiles => self.carry_tiles(path, tags).map(Some),
            _ => self.encode(path, tags).map(Some),
        }
    }

    /// All levels from decoded pixels.
    fn encode(&self, path: &Path, tags: Tags) -> Result<Written, Failure> {
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let mut writer = Writer::create(path, self.settings(tags)).map_err(failed)?;
        self.source.each_band(0, self.hands, self.stop, |window, rows| {
            writer.rows(0, rows).map_err(failed)?;
            (self.progress)(window.dimensions().area());
            Ok(())
        })?;
        writer.finish().map_err(failed)
    }

    /// A codestream from decoded pixels.
    fn encode_jp2(&self, path: &Path, tags: Tags) -> Result<Written, Failure> {
        let failed = |error| Failure::of_writer(&self.order.output, &error);
        let Self { wish, decision, .. } = self;
        let quality = (!decision.compression.is_lossless()).then_some(wish.quality);
        let base = jp2::Settings::new(self.source.pixels(), quality);
        // The side that is best for most: a very large picture needs a larger one.
        let is_usual = wish.tile_side == jp2::TILE_SIDE;
        let tile_side = if is_usual { base.tile_side } else { wish.tile_side };
        let settings = jp2::Settings { tile_side, levels: wish.levels, tags, hands: self.hands, ..base };
        let mut writer = jp2::Writer::create(path, settings).map_err(failed)?;
        self.source.each_band(0, self.hands, self.stop, |window, rows| {
            writer.rows(rows).map_err(failed)?;
            (self.progress)(window.dimensions().area());
            Ok(())
        })?;
        writer.finish().map_err(failed)
    }

    /// What the writer of pyramids is to write, of rows.
    pub(super) fn settings(&self, tags: Tags) -> Settings {
        let Self { wish, decision, .. } = self;
        Settings {
            pixels: self.source.pixels(),
            tile_side: decision.tile_side,
            compression: decision.coding(wish),
            predictor: true,
            levels: wish.levels,
            sub_ifds: wish.sub_ifds,
            big: wish.big,
            order: match wish.directories_first {
                true => pyramid::Order::DirectoriesFirst,
                false => pyramid::Order::AsMade,
            },
            linear: wish.linear,
            stored: Vec::new(),
            durable: false,
            tags,
            hands: self.hands,
        }
    }

    /// What is known before anything is done.
    fn report(&self) -> Report {
        let Self { order, decision, source, wish, .. } = self;
        let size = source.size();
        Report {
            input: order.input.clone(),
            page: order.page,
            output: None,
            way: decision.way,
            why: decision.why.clone(),
            notes: decision.notes.clone(),
            width: size.width,
            height: size.height,
            compression: decision.coded_as(wish),
            tile_side: decision.tile_side,
            levels: source.master.description.levels.len(),
            bytes_in: source.master.identity.size,
            bytes_out: 0,
            big: false,
            verified: None,
            seconds: 0.0,
        }
    }
}
