//! How the samples of a tile are coded, and in which order its packets come (T.800 A.6): plain values.

use std::ops::Range;

use super::{BandKind, BlockStyle};

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
    /// How each component is coded: as many as in SIZ.
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
    /// How the steps are signalled.
    pub style: QuantisationStyle,
    /// Number of guard bits, 0 to 7.
    pub guard_bits: u8,
    /// LL, then HL, LH, HH of each resolution, lowest first; for [`QuantisationStyle::Derived`] that of LL only.
    pub steps: Vec<Step>,
}

/// How the step sizes of subbands are signalled (T.800 table A.28).
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
    pub(crate) fn levels(&self) -> u8 {
        self.components.iter().map(|coding| coding.levels).min().unwrap_or(0)
    }
}

impl ComponentCoding {
    /// The step of a subband of `resolution`, 0 to `levels` (T.800 E-5 where it is derived).
    pub(crate) fn step(&self, resolution: u8, kind: BandKind) -> Step {
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
