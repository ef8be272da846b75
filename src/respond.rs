//! The path of a request, hop by hop: `Service::image` calls every hop in order, and nothing calls it back.
//! The only module that knows both HTTP and images.

use crate::body::Body;
use crate::config::{Config, Limits};
use crate::error::Error;
use crate::fastcgi::{Request, Response};
use crate::freshness::{Freshness, Settings, Validators};
use crate::iiif::{self, About, Extras, Identifier, ImageRequest, Pages, Target, Version};
use crate::links;
use crate::master::{Identity, Known, Master, Root, Sidecar, State};
use crate::plan::Plan;
use crate::render::Renderer;
use crate::told::Told;

/// How long clients and caches may keep an answer that says no: a file may appear at any time.
const REFUSAL_MAX_AGE: &str = "max-age=60";

/// How many sidecars a worker remembers to have complained of.
const COMPLAINTS: usize = 64;

/// What answers requests: the configuration, the masters and the tools, for one worker.
pub struct Service {
    config: Config,
    settings: Settings,
    root: Root,
    known: Known,
    told: Told,
    renderer: Renderer,
    /// Sidecars that were complained of last: once each.
    wrong: Vec<Identity>,
}

/// A request's path and what its headers ask for.
struct Asked<'r> {
    /// URL of the `/iiif` root that the client sees, without a slash at its end.
    base: String,
    accept: Option<&'r str>,
    /// What it may have at most.
    limits: Limits,
    validators: Validators<'r>,
}

impl Service {
    /// Opens the root of masters.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let root = Root::open(&config.masters)?;
        // The supervisor has said why, if nothing can be kept.
        let known = Known::new(config.known, State::open(&config.state).ok());
        let settings = Settings::of(&config);
        let renderer = Renderer::default();
        Ok(Self { config, settings, root, known, told: Told::default(), renderer, wrong: Vec::new() })
    }

    /// The answer to a request, whatever it is.
    pub fn respond<'r>(&'r mut self, request: &'r Request) -> Response<'r> {
        let uri = request.param("REQUEST_URI").unwrap_or_default();
        self.answer(uri, request).unwrap_or_else(|error| refusal(uri, &error))
    }

    /// To be called when an answer was given.
    pub fn rest(&mut self) {
        self.known.rest();
    }

    fn answer<'r>(&'r mut self, uri: &'r [u8], request: &Request) -> Result<Response<'r>, Error> {
        match request.param("REQUEST_METHOD") {
            None | Some(b"GET" | b"HEAD") => {}
            Some(_) => {
                return Ok(Response::text(405, "only GET, HEAD and OPTIONS are answered")
                    .with("Allow", "GET, HEAD, OPTIONS"));
            }
        }
        let target = iiif::parse(uri)?;
        let asked = self.asked(request)?;
        match target {
            Target::Base { version, identifier } => Ok(see_other(&asked, version, &identifier)),
            Target::Info { version, identifier } => self.info(&asked, version, &identifier),
            Target::Image { version, identifier, request } => {
                let mut response = self.image(&asked, version, &identifier, &request)?;
                response.body = watched(response.body, uri);
                Ok(response)
            }
        }
    }

    fn image(
        &mut self,
        asked: &Asked,
        version: Version,
        identifier: &Identifier,
        request: &ImageRequest,
    ) -> Result<Response<'_>, Error> {
        let master = self.known.find(&self.root, identifier.as_str())?;
        let description = &master.description;
        let size = description.dimensions();
        let has_colour = description.channels.has_colour();
        let (limits, offer) = (&asked.limits, &self.config.offer);
        let resolved = iiif::resolve(request, version, size, limits, offer, has_colour)?;
        let canonical = iiif::canonical(&resolved, version, size, limits);
        let files = std::iter::once(master.identity);
        let freshness = Freshness::new(&(master.page, &canonical), files, limits, self.settings);
        let headers = [
            ("Content-Type", resolved.format.media_type().to_owned()),
            ("Cache-Control", self.config.server.cache_control.clone()),
            ("Link", links::of_image(&asked.base, version, identifier, &canonical, offer)),
        ];
        if asked.validators.match_any(&freshness) {
            return Ok(freshness.stamp(Response::new(304, Vec::new())).with_all(headers));
        }
        let deepest = self.config.encodings.deepest(resolved.format);
        let plan = Plan::new(&resolved, description, deepest).within(self.config.max_source_area)?;
        let body = self.renderer.render(&master, &plan, &self.config)?;
        Ok(freshness.stamp(Response::new(200, body)).with_all(headers))
    }

    fn info(
        &mut self,
        asked: &Asked,
        version: Version,
        identifier: &Identifier,
    ) -> Result<Response<'static>, Error> {
        let master = self.known.find(&self.root, identifier.as_str())?;
        let sidecar = self.root.sidecar(&master.path);
        let id = iiif::base_uri(&asked.base, version, identifier);
        let media_type = iiif::media_type(version, asked.accept);
        let files = std::iter::once(master.identity).chain(sidecar.as_ref().map(|file| file.identity));
        let freshness = Freshness::new(&(&id, media_type, master.page), files, &asked.limits, self.settings);
        let pages = Pages { page: master.page, of: master.pages()? };
        let headers = [
            ("Content-Type", media_type.to_owned()),
            ("Cache-Control", self.config.server.cache_control.clone()),
            ("Link", links::of_info(&asked.base, version, identifier, pages, media_type, &self.config.offer)),
            ("Vary", "Accept".to_owned()),
        ];
        if asked.validators.match_any(&freshness) {
            return Ok(freshness.stamp(Response::new(304, Vec::new())).with_all(headers));
        }
        let body = match self.told.again(freshness.etag(), &id) {
            Some(body) => body,
            None => {
                let body = self.describe(&master, version, &id, &asked.limits, pages, sidecar);
                self.told.keep(freshness.etag(), id, body)
            }
        };
        Ok(freshness.stamp(Response::new(200, body)).with_all(headers))
    }

    /// The text of an info.json.
    fn describe(
        &mut self,
        master: &Master,
        version: Version,
        id: &str,
        limits: &Limits,
        pages: Pages,
        sidecar: Option<Sidecar>,
    ) -> Vec<u8> {
        let (description, scale) = (&master.description, master.scale());
        let extras = self.extras(&master.path, sidecar);
        let budget = self.config.max_source_area;
        let affordable = |region, size| Plan::is_affordable(description, region, size, budget);
        let (offer, extras, affordable) = (&self.config.offer, &extras, &affordable);
        let about = About { id, description, limits, offer, scale, pages, extras, affordable };
        iiif::info(version, &about).to_string().into_bytes()
    }

    /// What the publisher adds to every info.json, and to this one. A file that is wrong adds nothing.
    fn extras(&mut self, path: &str, sidecar: Option<Sidecar>) -> Extras {
        let Some(sidecar) = sidecar else { return self.config.info.clone() };
        match sidecar.text().and_then(|text| Extras::parse(&text)) {
            Ok(extras) => self.config.info.overlaid(extras),
            Err(error) => {
                if !self.wrong.contains(&sidecar.identity) {
                    log::warn!("{path:?}.json is ignored: {error}");
                    self.wrong.truncate(COMPLAINTS - 1);
                    self.wrong.insert(0, sidecar.identity);
                }
                self.config.info.clone()
            }
        }
    }

    fn asked<'r>(&self, request: &'r Request) -> Result<Asked<'r>, Error> {
        let header = |name| request.param(name).and_then(|value| std::str::from_utf8(value).ok());
        let from_nginx =
            || header("RECTO_BASE").filter(|base| base.bytes().all(|byte| byte.is_ascii_graphic()));
        let base = self.config.server.public_url.as_deref().or_else(from_nginx).ok_or_else(|| {
            Error::Internal(
                "neither [server] public_url nor the parameter RECTO_BASE says what our URL is".into(),
            )
        })?;
        Ok(Asked {
            base: base.trim_end_matches('/').to_owned(),
            limits: self.limits(request.param("RECTO_MAX_SIZE").unwrap_or_default())?,
            accept: header("HTTP_ACCEPT").filter(|accept| !accept.is_empty()),
            validators: Validators {
                if_none_match: header("HTTP_IF_NONE_MATCH").filter(|value| !value.is_empty()),
                if_modified_since: header("HTTP_IF_MODIFIED_SINCE").filter(|value| !value.is_empty()),
            },
        })
    }

    /// The limits of the configuration, narrowed by what NGINX grants this request.
    fn limits(&self, granted: &[u8]) -> Result<Limits, Error> {
        if granted.is_empty() {
            return Ok(self.config.limits);
        }
        let text = String::from_utf8_lossy(granted);
        self.config.limits.narrowed(&text).ok_or_else(|| {
            Error::Internal(format!("the parameter RECTO_MAX_SIZE is {text:?}, neither 1000 nor 1000x800"))
        })
    }
}

/// Image API 3.0 section 2: the base URI leads to info.json.
fn see_other(asked: &Asked, version: Version, identifier: &Identifier) -> Response<'static> {
    let location = format!("{}/info.json", iiif::base_uri(&asked.base, version, identifier));
    Response::text(303, &location).with("Location", location.clone()).with("Cache-Control", REFUSAL_MAX_AGE)
}

/// The body with one line in the log if it breaks off.
fn watched<'r>(body: Body<'r>, uri: &'r [u8]) -> Body<'r> {
    match body {
        Body::Pieces(pieces) => {
            let watched =
                pieces.map(move |piece| piece.inspect_err(|error| complain("broken off", uri, error)));
            Body::Pieces(Box::new(watched))
        }
        whole => whole,
    }
}

/// An error as the client sees it; the log gets the faults that are not the client's.
fn refusal(uri: &[u8], error: &Error) -> Response<'static> {
    let status = error.status();
    complain(&status.to_string(), uri, error);
    let cache_control = if status < 500 { REFUSAL_MAX_AGE } else { "no-store" };
    Response::text(status, &error.public_message()).with("Cache-Control", cache_control)
}

fn complain(status: &str, uri: &[u8], error: &Error) {
    let uri = String::from_utf8_lossy(&uri[..uri.len().min(300)]);
    match error {
        Error::Request { .. } | Error::NotFound(_) | Error::NotImplemented(_) => {
            log::debug!("{status} {uri:?}: {error}")
        }
        Error::Master(_) | Error::Internal(_) => log::error!("{status} {uri:?}: {error}"),
    }
}
