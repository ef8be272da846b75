//! How the samples of a tile are coded, and in which order its packets come: COD, COC, QCD, QCC, RGN and POC
//! (T.800 A.6). What a tile's header tells goes before what the main header tells, and what is told of one component
//! before what is told of all.

use std::collections::BTreeMap;
use std::ops::Range;

use super::marker::{Fields, code};
use super::{BandKind, BlockStyle};
use crate::error::Error;

/// Most decomposition levels that there may be (T.800 table A.15).
const MAX_LEVELS: u8 = 32;

/// More changes of the progression than this are refused, as OpenJPEG does: each is a pass over the precincts.
const MAX_CHANGES: usize = 32;

/// How a tile is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The order of the packets, if `changes` is empty.
    pub progression: Progression,
    /// Number of layers, at least 1.
    pub layers: u16,
    /// Whether the first three components went through RCT or ICT (T.800 annex G).
    pub multiple_component_transform: bool,
    /// Whether SOP markers may stand before packets.
    pub sop: bool,
    /// Whether an EPH marker stands after each packet header.
    pub eph: bool,
    /// How each component is coded: as many as SIZ tells.
    pub components: Vec<ComponentCoding>,
    /// POC: the volumes of packets in their order; empty if `progression` alone orders them.
    pub changes: Vec<ProgressionChange>,
}

/// How one component of a tile is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentCoding {
    /// Number of decomposition levels, 0 to 32; there is one resolution more.
    pub levels: u8,
    /// Log2 of the nominal width and height of code-blocks: 2 to 10 each, together at most 12.
    pub block: (u8, u8),
    /// How code-blocks are coded.
    pub style: BlockStyle,
    /// Whether the wavelet is the reversible 5/3; else it is the 9/7.
    pub reversible: bool,
    /// Log2 of width and height of precincts for each resolution, lowest first: `levels + 1` of them, each 0 to 15,
    /// and above the lowest resolution not 0.
    pub precincts: Vec<(u8, u8)>,
    /// The quantisation of the subbands.
    pub quantisation: Quantisation,
    /// Planes by which coefficients in the region of interest are shifted up (T.800 annex H).
    pub roi_shift: u8,
}

/// The quantisation of a component's subbands (T.800 A.6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantisation {
    /// How the steps are told.
    pub style: QuantisationStyle,
    /// Number of guard bits, 0 to 7.
    pub guard_bits: u8,
    /// LL, then HL, LH, HH of each resolution, lowest first; for [`QuantisationStyle::Derived`] that of LL only.
    pub steps: Vec<Step>,
}

/// How the step sizes of subbands are told (T.800 table A.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantisationStyle {
    /// Not quantised: there are exponents only.
    None,
    /// Exponent and mantissa for LL, from which the others follow.
    Derived,
    /// Exponent and mantissa for each subband.
    Expounded,
}

/// The step size of a subband (T.800 E-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its exponent, 0 to 31.
    pub exponent: u8,
    /// Its mantissa, 11 bits; 0 for subbands that are not quantised.
    pub mantissa: u16,
}

/// The order of packets (T.800 B.12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progression {
    /// Layer, resolution, component, position.
    Lrcp,
    /// Resolution, layer, component, position.
    Rlcp,
    /// Resolution, position, component, layer.
    Rpcl,
    /// Position, component, resolution, layer.
    Pcrl,
    /// Component, position, resolution, layer.
    Cprl,
}

/// A volume of packets and their order in it (T.800 A.6.6). Packets of volumes before are not in it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressionChange {
    /// The order.
    pub progression: Progression,
    /// RSpoc to REpoc.
    pub resolutions: Range<u8>,
    /// CSpoc to CEpoc.
    pub components: Range<u16>,
    /// Layers below LYEpoc.
    pub layers: u16,
}

impl Coding {
    /// Decomposition levels that every component has.
    pub fn levels(&self) -> u8 {
        self.components.iter().map(|coding| coding.levels).min().unwrap_or(0)
    }
}

impl ComponentCoding {
    /// The step of a subband of `resolution`, 0 to `levels` (T.800 E-5 where it is derived).
    pub fn step(&self, resolution: u8, kind: BandKind) -> Step {
        let below = resolution.saturating_sub(1);
        let number = match kind {
            BandKind::Ll => 0,
            BandKind::Hl => 3 * usize::from(below) + 1,
            BandKind::Lh => 3 * usize::from(below) + 2,
            BandKind::Hh => 3 * usize::from(below) + 3,
        };
        let steps = &self.quantisation.steps;
        match self.quantisation.style {
            QuantisationStyle::Derived => {
                Step { exponent: steps[0].exponent.saturating_sub(below), mantissa: steps[0].mantissa }
            }
            _ => steps[number],
        }
    }
}

/// What the marker segments of one header tell of the coding, each of them as it is read.
#[derive(Default)]
pub(super) struct Told {
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

impl Told {
    /// Takes a marker segment; one that is not about coding is let pass.
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

    /// The coding of a tile whose header tells this, in an image whose main header tells `coding`.
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
    /// Number of magnitude bit-planes of the subband, M_b (T.800 E-2).
    pub(crate) fn planes(self, guard_bits: u8) -> u8 {
        self.exponent.saturating_add(guard_bits).saturating_sub(1)
    }

    /// The size of the step for components of `precision` bits, for [`f32`] samples (T.800 E-3). The gain of the subband
    /// is left out: the wavelet transform makes up for it.
    pub(crate) fn size(self, precision: u8) -> f32 {
        let mantissa = 1.0 + f64::from(self.mantissa) / 2048.0;
        (mantissa * 2f64.powi(i32::from(precision) - i32::from(self.exponent))) as f32
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_the_size_of_their_exponent_and_mantissa() {
        let step = Step { exponent: 9, mantissa: 1024 };
        assert_eq!(step.size(8), 0.75);
        assert_eq!(step.size(16), 192.0);
        assert_eq!((step.planes(2), step.planes(0)), (10, 8));
        assert_eq!(Step { exponent: 255, mantissa: u16::MAX }.planes(255), 254);
    }
}
