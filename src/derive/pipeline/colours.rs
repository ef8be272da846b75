//! Which profile pixels are converted from, and which is sent: where the plan meets what the file holds.

use crate::derive::plan::{Colours, Plan};
use crate::error::Error;
use crate::master::Master;
use crate::raster::Converter;

/// ICC profiles of a derivative. At most one of them is there.
#[derive(Default)]
pub(super) struct Profiles {
    /// The one that pixels are converted from, to sRGB. None if they are sent as they are stored.
    pub(super) source: Option<Vec<u8>>,
    /// The one that is sent.
    pub(super) sent: Option<Vec<u8>>,
}

/// The profiles of a plan.
///
/// # Errors
/// [`Error::Master`] if the file shrinks meanwhile.
pub(super) fn profiles(master: &Master, plan: &Plan, converter: &mut Converter) -> Result<Profiles, Error> {
    let (level, channels) = (plan.scaling.level, master.description.channels);
    if let Colours::WithProfile { longest } = plan.colours {
        let short = master.icc_profile(level)?.filter(|profile| profile.len() <= longest);
        let sent = short.filter(|profile| converter.knows(profile, channels));
        if sent.is_some() {
            return Ok(Profiles { source: None, sent });
        }
    }
    // Mostly the profile is sRGB by some name, which the master remembers.
    if plan.colours == Colours::AsStored || master.is_srgb(level, converter)? {
        return Ok(Profiles::default());
    }
    Ok(Profiles { source: master.icc_profile(level)?, sent: None })
}
