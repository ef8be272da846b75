//! Whether answers look otherwise than before, since when, and what becomes of the copies that NGINX has of them.
//! Must not touch these: the service may not even see them.

use std::time::{Duration, Instant};

use crate::config::{Config, Looks};

/// How long after their deadline workers of before are waited for. Those that a file system holds make no answers.
const GRACE: Duration = Duration::from_secs(5);

/// Notes since when answers look as they do.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// What is to be noted when no worker of before is left to make an answer, and how long it waits for that.
    pending: Option<(Looks, Instant)>,
}

impl Watch {
    /// Workers of this configuration answer from `now` on.
    pub(super) fn taken_over(&mut self, config: &Config, now: Instant) {
        let looks = Looks::of(config);
        let are_noted = looks.are_noted();
        let limit = now + config.serving.pool.deadline + GRACE;
        self.pending = (are_noted != Some(true)).then_some((looks, limit));
        match are_noted {
            Some(true) => log::info!("pictures look as before: what NGINX has of them stays"),
            Some(false) => log::info!("pictures look otherwise than before"),
            // There is nothing to compare with.
            None => {}
        }
    }

    /// Notes it, if nobody else answers any more.
    pub(super) fn step(&mut self, is_alone: bool, now: Instant) {
        let Some((looks, _)) = self.pending.take_if(|(_, limit)| is_alone || now >= *limit) else { return };
        let was_known = looks.are_noted().is_some();
        match looks.note() {
            Ok(()) if was_known => log::info!(
                "what NGINX has from before looks otherwise, and is shown for ten minutes more: recto-purge.path, if it is \
                 enabled, forgets it now; by hand: recto purge --stale"
            ),
            Ok(()) => {}
            Err(error) => log::warn!(
                "what NGINX has from before may look otherwise; that cannot be noted in {}: {error}. To forget it: recto \
                 purge --all",
                looks.file().display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_noted_when_the_last_worker_of_before_is_gone_or_out_of_time() {
        let state = tempfile::tempdir().expect("a directory");
        let config = |quality: u8| {
            let text = format!(
                "masters.root = '/a'\nstate.directory = {:?}\njpeg.quality = {quality}",
                state.path()
            );
            Config::parse(&text).expect("valid")
        };
        let (mut watch, start) = (Watch::default(), Instant::now());
        let is_noted = |quality| Looks::of(&config(quality)).are_noted() == Some(true);
        watch.taken_over(&config(80), start);
        watch.step(true, start);
        assert!(is_noted(80));
        watch.taken_over(&config(70), start);
        watch.step(false, start);
        assert!(is_noted(80), "old workers may still answer");
        watch.step(false, start + Duration::from_secs(60));
        assert!(is_noted(70), "those do not");
        watch.taken_over(&config(80), start);
        watch.taken_over(&config(70), start);
        watch.step(true, start);
        assert!(is_noted(70), "back before it was noted");
    }
}
