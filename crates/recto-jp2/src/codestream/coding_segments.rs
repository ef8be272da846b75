//! The marker segments about coding: COD, COC, QCD, QCC, RGN and POC (T.800 A.6). Those of a tile's header override
//! those of the main header, and those for one component override those for all.

use std::collections::BTreeMap;

use super::coding::{
    Coding, ComponentCoding, Progression, ProgressionChange, Quantisation, QuantisationStyle, Step,
};
use super::marker::{Fields, code};
use super::style::BlockStyle;
use crate::error::Error;

/// Most decomposition levels that there may be (T.800 table A.15).
const MAX_LEVELS: u8 = 32;

/// More changes of the progression than this are refused, as OpenJPEG does: each is a pass over the precincts.
const MAX_CHANGES: usize = 32;

/// Those of one header, as far as they were read.
#[derive(Default)]
pub(super) struct CodingSegments {
    style: Option<(TileStyle, Style)>,
    component_styles: BTreeMap<usize, Style>,
    quantisation: Option<Quantisation>,
    component_quantisations: BTreeMap<usize, Quantisation>,
    roi_shifts: BTreeMap<usize, u8>,
    changes: Vec<ProgressionChange>,
    /// Whether a code-block style of T.814 was seen.
    pub high_throughput: bool,
}

/// SGcod and the bits of Scod that are about the whole tile.
struct TileStyle {
    progression: Progression,
    layers: u16,
    multiple_component_transform: bool,
    sop: bool,
    eph: bool,
}

/// SPcod or SPcoc.
#[derive(Clone)]
struct Style {
    levels: u8,
    block: (u8, u8),
    style: BlockStyle,
    reversible: bool,
    precincts: Vec<(u8, u8)>,
}

impl CodingSegments {
    /// Reads a marker segment; one that is not about coding is ignored.
    pub(super) fn read(&mut self, code: u16, mut fields: Fields, components: usize) -> Result<(), Error> {
        let of = |fields: &mut Fields| match fields.component(components)? {
            number if number < components => Ok(number),
            number => Err(fields.wrong(format_args!("component {number} of {components}"))),
        };
        match code {
            code::COD => self.cod(fields)?,
            code::COC => {
                let component = of(&mut fields)?;
                let own_precincts = fields.u8()? & 1 != 0;
                let style = self.style(&mut fields, own_precincts)?;
                self.component_styles.insert(component, style);
            }
            code::QCD => self.quantisation = Some(Quantisation::read(fields)?),
            code::QCC => {
                let component = of(&mut fields)?;
                self.component_quantisations.insert(component, Quantisation::read(fields)?);
            }
            code::RGN => {
                let component = of(&mut fields)?;
                if fields.u8()? != 0 {
                    return Err(Error::unsupported("a region of interest that is not implicit"));
                }
                self.roi_shifts.insert(component, fields.u8()?);
            }
            code::POC => self.poc(fields, components)?,
            _ => {}
        }
        Ok(())
    }

    /// T.800 A.6.1.
    fn cod(&mut self, mut fields: Fields) -> Result<(), Error> {
        let flags = fields.u8()?;
        let tile = TileStyle {
            sop: flags & 2 != 0,
            eph: flags & 4 != 0,
            progression: Progression::read(&mut fields)?,
            layers: fields.u16()?,
            multiple_component_transform: fields.u8()? & 1 != 0,
        };
        if tile.layers == 0 {
            return Err(fields.wrong("no layers"));
        }
        let style = self.style(&mut fields, flags & 1 != 0)?;
        self.style = Some((tile, style));
        Ok(())
    }

    /// SPcod and SPcoc: T.800 table A.15.
    fn style(&mut self, fields: &mut Fields, own_precincts: bool) -> Result<Style, Error> {
        let [levels, width, height, style, wavelet] =
            [fields.u8()?, fields.u8()?, fields.u8()?, fields.u8()?, fields.u8()?];
        let block = (width.saturating_add(2), height.saturating_add(2));
        if levels > MAX_LEVELS || block.0 > 10 || block.1 > 10 || block.0 + block.1 > 12 || wavelet > 1 {
            return Err(fields.wrong(format_args!(
                "{levels} levels, code-blocks of 2^{} x 2^{}, wavelet {wavelet}",
                block.0, block.1
            )));
        }
        self.high_throughput |= style & 0xc0 != 0;
        let mut precincts = vec![(15, 15); usize::from(levels) + 1];
        for (resolution, precinct) in precincts.iter_mut().enumerate().filter(|_| own_precincts) {
            let both = fields.u8()?;
            *precinct = (both & 15, both >> 4);
            if resolution > 0 && (precinct.0 == 0 || precinct.1 == 0) {
                return Err(fields.wrong("a precinct that has less than a sample in each subband"));
            }
        }
        let style = BlockStyle::try_from(style & 0x3f)?;
        Ok(Style { levels, block, style, reversible: wavelet == 1, precincts })
    }

    /// T.800 A.6.6.
    fn poc(&mut self, mut fields: Fields, components: usize) -> Result<(), Error> {
        while !fields.rest.is_empty() {
            let first_resolution = fields.u8()?;
            let first_component = fields.component(components)?;
            let layers = fields.u16()?;
            let end_resolution = fields.u8()?.min(MAX_LEVELS + 1);
            // A zero stands for the 256 that does not fit into its byte, or the 16384.
            let end_component = match fields.component(components)? {
                0 => components,
                end => end.min(components),
            };
            self.changes.push(ProgressionChange {
                progression: Progression::read(&mut fields)?,
                resolutions: first_resolution..end_resolution,
                components: first_component as u16..end_component as u16,
                layers,
            });
        }
        if self.changes.len() > MAX_CHANGES {
            return Err(fields.wrong("more changes of the progression than any encoder writes"));
        }
        Ok(())
    }

    /// The coding of the main header of an image of so many components.
    ///
    /// # Errors
    /// [`Error::Damaged`] if COD or QCD is missing, or there are more levels than step sizes.
    pub(super) fn coding(self, components: usize) -> Result<Coding, Error> {
        let missing = || Error::damaged("a main header without COD or QCD");
        let (tile, style) = self.style.as_ref().ok_or_else(missing)?;
        let quantisation = self.quantisation.clone().or_else(|| {
            // Superfluous where each component has its own.
            self.component_quantisations.first_key_value().map(|(_, own)| own.clone())
        });
        let component = style.clone().with(quantisation.ok_or_else(missing)?, 0);
        let coding = Coding {
            progression: tile.progression,
            layers: tile.layers,
            multiple_component_transform: tile.multiple_component_transform,
            sop: tile.sop,
            eph: tile.eph,
            components: vec![component; components],
            changes: Vec::new(),
        };
        self.over(coding)
    }

    /// The coding of a tile with these segments in its header, in an image whose main header gives `coding`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if there are more levels than step sizes.
    pub(super) fn over(self, mut coding: Coding) -> Result<Coding, Error> {
        if let Some((tile, style)) = self.style {
            coding.progression = tile.progression;
            coding.layers = tile.layers;
            coding.multiple_component_transform = tile.multiple_component_transform;
            (coding.sop, coding.eph) = (tile.sop, tile.eph);
            coding.components.iter_mut().for_each(|component| component.restyle(style.clone()));
        }
        if let Some(all) = self.quantisation {
            coding.components.iter_mut().for_each(|component| component.quantisation = all.clone());
        }
        for (component, style) in self.component_styles {
            coding.components[component].restyle(style);
        }
        for (component, own) in self.component_quantisations {
            coding.components[component].quantisation = own;
        }
        for (component, shift) in self.roi_shifts {
            coding.components[component].roi_shift = shift;
        }
        if !self.changes.is_empty() {
            coding.changes = self.changes;
        }
        match coding.components.iter().all(ComponentCoding::has_steps) {
            true => Ok(coding),
            false => Err(Error::damaged("fewer step sizes than subbands")),
        }
    }
}

impl Style {
    fn with(self, quantisation: Quantisation, roi_shift: u8) -> ComponentCoding {
        let Self { levels, block, style, reversible, precincts } = self;
        ComponentCoding { levels, block, style, reversible, precincts, quantisation, roi_shift }
    }
}

impl ComponentCoding {
    fn restyle(&mut self, style: Style) {
        let none = Quantisation { style: QuantisationStyle::None, guard_bits: 0, steps: Vec::new() };
        *self = style.with(std::mem::replace(&mut self.quantisation, none), self.roi_shift);
    }

    fn has_steps(&self) -> bool {
        let needed = match self.quantisation.style {
            QuantisationStyle::Derived => 1,
            _ => 3 * usize::from(self.levels) + 1,
        };
        self.quantisation.steps.len() >= needed
    }
}

impl Quantisation {
    /// T.800 A.6.4.
    fn read(mut fields: Fields) -> Result<Self, Error> {
        let flags = fields.u8()?;
        let style = match flags & 0x1f {
            0 => QuantisationStyle::None,
            1 => QuantisationStyle::Derived,
            2 => QuantisationStyle::Expounded,
            other => return Err(fields.wrong(format_args!("quantisation of style {other}"))),
        };
        let most = if style == QuantisationStyle::Derived { 1 } else { 3 * usize::from(MAX_LEVELS) + 1 };
        let mut steps = Vec::new();
        while !fields.rest.is_empty() && steps.len() < most {
            steps.push(match style {
                QuantisationStyle::None => Step { exponent: fields.u8()? >> 3, mantissa: 0 },
                _ => Step::from_bits(fields.u16()?),
            });
        }
        Ok(Self { style, guard_bits: flags >> 5, steps })
    }
}

impl Step {
    fn from_bits(bits: u16) -> Self {
        Self { exponent: (bits >> 11) as u8, mantissa: bits & 0x7ff }
    }
}

impl Progression {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        match fields.u8()? {
            0 => Ok(Self::Lrcp),
            1 => Ok(Self::Rlcp),
            2 => Ok(Self::Rpcl),
            3 => Ok(Self::Pcrl),
            4 => Ok(Self::Cprl),
            other => Err(fields.wrong(format_args!("progression order {other}"))),
        }
    }
}
