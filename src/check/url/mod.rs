//! `recto check --url`: what a running server says of itself in info.json, and whether it keeps it. Each rule of the Image
//! API 3.0 and 2.1 that can be seen from outside is a line, with the clause that has it; each that is broken names the
//! request that shows it. Requests are few, and one at a time.
//!
//! | module | what lives there |
//! |---|---|
//! | [`chapters`] | the rules, in chapters, each with the requests that try it |
//! | [`members`] | the members of info.json against their rules; pure |
//! | [`examination`] | rules that are tried, and what came of them: findings |
//! | [`asker`] | requests, counted and paced, and what is to be expected of every answer |
//! | [`service`] | what info.json declares: levels, features, sizes, tiles; pure |

mod asker;
mod chapters;
mod examination;
mod members;
mod service;

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use crate::check::Report;
use crate::client::{Answer, Client, join};
use asker::Asker;
use examination::Examination;
use service::Service;

/// How a server is asked.
#[derive(Clone, Debug)]
pub struct Manners {
    /// How many requests are made at most.
    pub requests: u32,
    /// How many of them in a second at most.
    pub rate: u32,
    /// How long each may take.
    pub patience: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self { requests: 150, rate: 20, patience: Duration::from_secs(60) }
    }
}

/// So often info.json may lead elsewhere.
const REDIRECTS: usize = 5;

/// Looks at the image whose base URI, or info.json, `url` is.
///
/// # Errors
/// If it is no URL of an image: nobody answers, or not with JSON. What is wrong with the answers is in the report.
pub fn examine(url: &str, manners: &Manners) -> anyhow::Result<Report> {
    let base = url.trim_end_matches('/');
    let base = base.strip_suffix("/info.json").unwrap_or(base).trim_end_matches('/');
    let client = Client::new(manners.patience);
    let (base, answer) = described(&client, base)?;
    let info: Value = serde_json::from_slice(&answer.body)
        .with_context(|| format!("{base}/info.json is no JSON: \"{}\"", answer.said()))?;
    let service = Service::declared(&info, &base);
    let mut examination = Examination::new(Asker::new(client, &base, manners), service.version);
    chapters::all(&mut examination, &service, &info);
    Ok(Report { findings: examination.finished(url, &service) })
}

/// The base URI that the first request is led to, and info.json.
fn described(client: &Client, base: &str) -> anyhow::Result<(String, Answer)> {
    let mut url = format!("{base}/info.json");
    for _ in 0..=REDIRECTS {
        let answer = client.get(&url, &[]).with_context(|| url.clone())?;
        match (answer.status, answer.header("location")) {
            (200, _) => {
                let base = url.strip_suffix("/info.json").unwrap_or(&url).to_owned();
                return Ok((base, answer));
            }
            (301..=308, Some(location)) => url = join(&url, location),
            (status, _) => {
                anyhow::bail!("{url} has status {status}, not 200: \"{}\"", answer.said());
            }
        }
    }
    anyhow::bail!("{base}/info.json leads elsewhere more than {REDIRECTS} times")
}
