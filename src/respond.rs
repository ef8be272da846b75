//! The path of a request, hop by hop: `Service::image` calls every hop in order, and nothing calls it back.
//! Here HTTP and images meet.

use std::iter;

use crate::body::Body;
use crate::config::{Config, Limits};
use crate::encode;
use crate::error::{Error, MasterError};
use crate::fastcgi::{Request, Response};
use crate::freshness::{Freshness, Settings, Validators};
use crate::iiif::{self, About, Budget, Extras, Identifier, ImageRequest, Pages, Target, Tiling, Version};
use crate::links;
use crate::master::{Identity, Known, Master, Root, Sidecar, State};
use crate::plan::Plan;
use crate::render::Renderer;
use crate::spelling::{self, Spelling};
use crate::told::Told;
use crate::vhost::Vhost;

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
    told: Told<Telling>,
    renderer: Renderer,
    /// Sidecars that were complained of last: once each.
    wrong: Vec<Identity>,
    /// Whether a host was complained of: one says it all.
    host_refused: bool,
}

/// What makes the text of an info.json what it is. A tag has 64 bits, which someone with patience could find twice, and
/// does not tell files on this machine apart as well as their identities do.
#[derive(PartialEq)]
struct Telling {
    etag: String,
    id: String,
    files: (Identity, Option<Identity>),
}

/// A request's path and what its headers ask for.
struct Asked<'r> {
    vhost: Vhost,
    /// What NGINX would keep the answer under; None if it keeps none.
    spelling: Option<Spelling<'r>>,
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
        let settings = Settings::of(&config)?;
        let (told, renderer) = (Told::default(), Renderer::default());
        Ok(Self { config, settings, root, known, told, renderer, wrong: Vec::new(), host_refused: false })
    }

    /// The answer to a request, whatever it is.
    pub fn respond<'r>(&'r mut self, request: &'r Request) -> Response<'r> {
        let uri = request.param("REQUEST_URI").unwrap_or_default();
        let vhost = Vhost::of(request, &self.config.server);
        let host = vhost.as_ref().map(|vhost| vhost.host.as_str()).unwrap_or_default();
        let keeps_refusals = Spelling::asked(request).is_none_or(|asked| asked.may_keep_refusals(host));
        self.answer(uri, request, vhost).unwrap_or_else(|error| {
            match (refusal(uri, &error), keeps_refusals) {
                (refusal, true) => refusal,
                (refusal, false) => refusal.with("X-Accel-Expires", "0"),
            }
        })
    }

    /// To be called when an answer was given.
    pub fn rest(&mut self) {
        self.known.rest();
    }

    fn answer<'r>(
        &'r mut self,
        uri: &'r [u8],
        request: &Request,
        vhost: Option<Vhost>,
    ) -> Result<Response<'r>, Error> {
        match request.param("REQUEST_METHOD") {
            None | Some(b"GET" | b"HEAD") => {}
            Some(_) => {
                return Ok(Response::text(405, "only GET, HEAD and OPTIONS are answered")
                    .with("Allow", "GET, HEAD, OPTIONS"));
            }
        }
        let target = iiif::parse(spelling::path(request))?;
        let asked = self.asked(request, vhost)?;
        match target {
            Target::Base { version, identifier } => Ok(asked
                .lead("", version, &identifier, iter::once(String::new()))
                .unwrap_or_else(|| see_other(&asked, version, &identifier))),
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
        let tiling = Tiling::of(description, &asked.limits);
        let has_colour = description.channels.has_colour();
        let offer = &self.config.offer;
        let limits = &encode::held(request.format, &asked.limits, &self.config.encodings);
        let resolved = iiif::resolve(request, version, tiling, limits, offer, has_colour)?;
        let canonical = iiif::canonical(&resolved, version, tiling, limits);
        let customary = || format!("/{}", iiif::customary(&resolved, version, tiling, limits));
        let kept = iter::once(format!("/{canonical}")).chain(iter::once_with(customary));
        if let Some(lead) = asked.lead("", version, identifier, kept) {
            return Ok(lead);
        }
        let files = iter::once(master.identity);
        let freshness = Freshness::new(&[&master.page.to_string(), &canonical], files, limits, self.settings);
        let headers = [
            ("Content-Type", resolved.format.media_type().to_owned()),
            ("Cache-Control", self.config.server.cache_control.clone()),
            ("Link", links::of_image(&asked.vhost.base, version, identifier, &canonical, offer)),
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
        let media_type = iiif::media_type(version, asked.accept);
        let accept = spelling::plain_accept(asked.accept, media_type);
        if let Some(lead) = asked.lead(accept, version, identifier, iter::once("/info.json".to_owned())) {
            return Ok(lead);
        }
        let sidecar = self.root.sidecar(&master.path);
        let id = iiif::base_uri(&asked.vhost.base, version, identifier);
        let files = (master.identity, sidecar.as_ref().map(|file| file.identity));
        let page = master.page.to_string();
        let representation = [id.as_str(), media_type, &page];
        let all_files = iter::once(files.0).chain(files.1);
        let freshness = Freshness::new(&representation, all_files, &asked.limits, self.settings);
        let pages = Pages { page: master.page, of: master.pages()? };
        let offer = &self.config.offer;
        let headers = [
            ("Content-Type", media_type.to_owned()),
            ("Cache-Control", self.config.server.cache_control.clone()),
            (
                "Link",
                links::of_info(
                    &asked.vhost.base,
                    version,
                    identifier,
                    &master.path,
                    pages,
                    media_type,
                    offer,
                ),
            ),
            ("Vary", "Accept".to_owned()),
        ];
        if asked.validators.match_any(&freshness) {
            return Ok(freshness.stamp(Response::new(304, Vec::new())).with_all(headers));
        }
        let telling = Telling { etag: freshness.etag().to_owned(), id, files };
        let body = match self.told.again(&telling) {
            Some(body) => body,
            None => {
                let body = self.describe(&master, version, &telling.id, &asked.limits, pages, sidecar);
                self.told.keep(telling, body)
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
        let cost = |region, size| Plan::cost(description, region, size);
        let most = self.config.max_source_area.get();
        let budget = Budget { levels: &description.levels, most, cost: &cost };
        let largest = iiif::largest(description.dimensions(), limits);
        let offer = &encode::offered(&self.config.offer, largest, &self.config.encodings);
        let about = About { id, description, limits, offer, scale, pages, extras: &extras, budget };
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

    fn asked<'r>(&mut self, request: &'r Request, vhost: Option<Vhost>) -> Result<Asked<'r>, Error> {
        let header = |name| {
            let text = request.param(name).and_then(|value| std::str::from_utf8(value).ok());
            text.filter(|value| !value.is_empty())
        };
        let vhost = vhost.ok_or_else(|| {
            Error::Internal(
                "neither [server] public_url nor the parameter RECTO_BASE says what our URL is".into(),
            )
        })?;
        self.complain_of_host(request, &vhost);
        Ok(Asked {
            vhost,
            spelling: Spelling::asked(request),
            limits: self.limits(request.param("RECTO_MAX_SIZE").unwrap_or_default())?,
            accept: header("HTTP_ACCEPT"),
            validators: Validators {
                if_none_match: header("HTTP_IF_NONE_MATCH"),
                if_modified_since: header("HTTP_IF_MODIFIED_SINCE"),
            },
        })
    }

    /// Tells the operator once that clients find the server by another name than they are told.
    fn complain_of_host(&mut self, request: &Request, vhost: &Vhost) {
        if let Some(host) = vhost.refused(request, &self.config.server)
            && !self.host_refused
        {
            self.host_refused = true;
            let host = String::from_utf8_lossy(&host[..host.len().min(100)]);
            log::warn!(
                "a client asked for the host {host:?} and was told ids that begin with {}: list the host in [server] \
                 trusted_hosts if it is yours, or give public_url",
                vhost.base
            );
        }
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

impl Asked<'_> {
    /// The way to what NGINX keeps, if that is not what is asked for: `rests` are what may come after the identifier.
    fn lead(
        &self,
        accept: &str,
        version: Version,
        identifier: &Identifier,
        rests: impl Iterator<Item = String>,
    ) -> Option<Response<'static>> {
        let asked = self.spelling?;
        asked.lead(accept, &self.vhost.host, &iiif::base_uri("/iiif", version, identifier), rests)
    }
}

/// Image API 3.0 section 2: the base URI leads to info.json.
fn see_other(asked: &Asked, version: Version, identifier: &Identifier) -> Response<'static> {
    let location = format!("{}/info.json", iiif::base_uri(&asked.vhost.base, version, identifier));
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
    let refusal = Response::text(status, &error.public_message()).with("Cache-Control", cache_control);
    match error {
        // Perhaps a picture that is being written: NGINX is not to keep this in place of what it has of that.
        Error::Master(MasterError::NoImage) => refusal.with("X-Accel-Expires", "0"),
        _ => refusal,
    }
}

fn complain(status: &str, uri: &[u8], error: &Error) {
    let uri = String::from_utf8_lossy(&uri[..uri.len().min(300)]);
    match error {
        Error::Request { .. }
        | Error::NotFound(_)
        | Error::NotImplemented(_)
        | Error::Master(MasterError::NoImage) => log::debug!("{status} {uri:?}: {error}"),
        Error::Master(_) | Error::Internal(_) => log::error!("{status} {uri:?}: {error}"),
    }
}
