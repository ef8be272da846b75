//! The path of a request, hop by hop: `Service::image` calls every hop in order, and nothing calls it back.
//! Here HTTP and images meet.

use std::iter;

use recto_iiif::{
    Budget, Extras, Identifier, ImageInfo, ImageRequest, ImageService, Pages, Target, Version, base_uri,
};

use crate::body::Body;
use crate::config::Config;
use crate::derive::pipeline::Renderer;
use crate::derive::plan::Plan;
use crate::encode;
use crate::error::{Error, MasterError};
use crate::http::info_cache::InfoCache;
use crate::http::links;
use crate::http::spelling::{self, Spelling};
use crate::http::validators::{Freshness, Validators};
use crate::http::vhost::Vhost;
use crate::http::{self, ConfigFingerprint, Request, Response};
use crate::lru::Lru;
use crate::master::{IndexStore, Master, OpenMasters};
use crate::picture::Limits;
use crate::source::Sidecar;
use crate::source::{Identity, Root};

/// How long clients and caches may keep an answer that says no: a file may appear at any time.
const REFUSAL_MAX_AGE: &str = "max-age=60";

/// How many sidecars a worker remembers to have complained of.
const COMPLAINTS: usize = 64;

/// What answers requests: the configuration, the masters and the tools, for one worker.
pub struct Service {
    config: Config,
    fingerprint: ConfigFingerprint,
    root: Root,
    masters: OpenMasters,
    infos: InfoCache<Telling>,
    renderer: Renderer,
    /// Sidecars that were complained of last: once each.
    wrong: Lru<Identity, ()>,
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
        let root = Root::open(&config.serving.masters)?;
        // The supervisor has said why, if nothing can be kept.
        let masters = OpenMasters::new(config.serving.known, IndexStore::open(&config.serving.state).ok());
        let fingerprint = ConfigFingerprint::of(&config.rendering);
        let (infos, renderer) = (InfoCache::default(), Renderer::default());
        let wrong = Lru::new(COMPLAINTS, usize::MAX);
        Ok(Self { config, fingerprint, root, masters, infos, renderer, wrong, host_refused: false })
    }

    /// The answer to a request, whatever it is.
    pub fn respond<'r>(&'r mut self, request: &'r Request) -> Response<'r> {
        let uri = request.param("REQUEST_URI").unwrap_or_default();
        let vhost = Vhost::of(request, &self.config.serving.http);
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
        self.masters.rest();
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
        let target = recto_iiif::parse(spelling::path(request))?;
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
        let master = self.masters.find(&self.root, identifier.as_str())?;
        let description = &master.description;
        let tiling = description.tiling(&asked.limits);
        let has_colour = description.channels.has_colour();
        let offer = &self.config.rendering.offer;
        let limits = encode::held(request.format, &asked.limits, &self.config.rendering.encodings);
        let service = ImageService { version, tiling, has_colour, limits, offer };
        let derivative = service.resolve(request)?;
        let canonical = service.canonical(&derivative);
        let customary = || format!("/{}", service.customary(&derivative));
        let kept = iter::once(format!("/{canonical}")).chain(iter::once_with(customary));
        if let Some(lead) = asked.lead("", version, identifier, kept) {
            return Ok(lead);
        }
        let files = iter::once(master.identity);
        let freshness =
            Freshness::new(&[&master.page.to_string(), &canonical], files, &limits, self.fingerprint);
        let headers = [
            ("Content-Type", derivative.format.media_type().to_owned()),
            ("Cache-Control", self.config.serving.http.cache_control.clone()),
            ("Link", links::of_image(&asked.vhost.base, version, identifier, &canonical, offer)),
        ];
        if asked.validators.match_any(&freshness) {
            return Ok(freshness.stamp(Response::new(304, Vec::new())).with_all(headers));
        }
        let deepest = self.config.rendering.encodings.deepest(derivative.format);
        let plan =
            Plan::new(&derivative, description, deepest).within(self.config.rendering.max_source_area)?;
        let body = self.renderer.render(&master, &plan, &self.config)?;
        Ok(freshness.stamp(Response::new(200, body)).with_all(headers))
    }

    fn info(
        &mut self,
        asked: &Asked,
        version: Version,
        identifier: &Identifier,
    ) -> Result<Response<'static>, Error> {
        let master = self.masters.find(&self.root, identifier.as_str())?;
        let media_type = recto_iiif::media_type(version, asked.accept);
        let accept = spelling::plain_accept(asked.accept, media_type);
        if let Some(lead) = asked.lead(accept, version, identifier, iter::once("/info.json".to_owned())) {
            return Ok(lead);
        }
        let sidecar = self.root.sidecar(&master.path);
        let id = base_uri(&asked.vhost.base, version, identifier);
        let files = (master.identity, sidecar.as_ref().map(|file| file.identity));
        let page = master.page.to_string();
        let representation = [id.as_str(), media_type, &page];
        let all_files = iter::once(files.0).chain(files.1);
        let freshness = Freshness::new(&representation, all_files, &asked.limits, self.fingerprint);
        let pages = Pages { page: master.page, of: master.pages()? };
        let offer = &self.config.rendering.offer;
        let headers = [
            ("Content-Type", media_type.to_owned()),
            ("Cache-Control", self.config.serving.http.cache_control.clone()),
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
        let body = match self.infos.get(&telling) {
            Some(body) => body,
            None => {
                let body = self.describe(&master, version, &telling.id, &asked.limits, pages, sidecar);
                self.infos.insert(telling, body)
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
        let extras = &self.extras(&master.path, sidecar);
        let (tiling, has_colour) = (description.tiling(limits), description.channels.has_colour());
        let largest = limits.largest(description.dimensions());
        let offer = &encode::offered(&self.config.rendering.offer, largest, &self.config.rendering.encodings);
        let service = ImageService { version, tiling, has_colour, limits: *limits, offer };
        let sizes = &description.sizes().collect::<Vec<_>>();
        let cost = &|region, size| Plan::cost(description, region, size);
        let most = self.config.rendering.max_source_area.get();
        let budget = Budget { piece: description.longest_piece(), most, cost };
        ImageInfo { id, service, sizes, scale, pages, extras, budget }.to_string().into_bytes()
    }

    /// What the publisher adds to every info.json, and to this one. A file that is wrong adds nothing.
    fn extras(&mut self, path: &str, sidecar: Option<Sidecar>) -> Extras {
        let Some(sidecar) = sidecar else { return self.config.rendering.info.clone() };
        match sidecar.text().and_then(|text| Extras::parse(&text)) {
            Ok(extras) => self.config.rendering.info.overlaid(extras),
            Err(error) => {
                if self.wrong.get(&sidecar.identity).is_none() {
                    log::warn!("{path:?}.json is ignored: {error}");
                    self.wrong.insert(sidecar.identity, (), 0);
                }
                self.config.rendering.info.clone()
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
        if let Some(host) = vhost.refused(request, &self.config.serving.http)
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
            return Ok(self.config.rendering.limits);
        }
        let text = String::from_utf8_lossy(granted);
        self.config.rendering.limits.narrowed(&text).ok_or_else(|| {
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
        asked.lead(accept, &self.vhost.host, &base_uri("/iiif", version, identifier), rests)
    }
}

/// Image API 3.0 section 2: the base URI leads to info.json.
fn see_other(asked: &Asked, version: Version, identifier: &Identifier) -> Response<'static> {
    let location = format!("{}/info.json", base_uri(&asked.vhost.base, version, identifier));
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
    let status = http::status(error);
    complain(&status.to_string(), uri, error);
    let cache_control = if status < 500 { REFUSAL_MAX_AGE } else { "no-store" };
    let refusal = Response::text(status, &http::public_message(error)).with("Cache-Control", cache_control);
    match error {
        // Perhaps a picture that is being written: NGINX is not to keep this in place of what it has of that.
        Error::Master(MasterError::NoImage) => refusal.with("X-Accel-Expires", "0"),
        _ => refusal,
    }
}

fn complain(status: &str, uri: &[u8], error: &Error) {
    let uri = String::from_utf8_lossy(&uri[..uri.len().min(300)]);
    match error {
        Error::Request(_) | Error::NotFound(_) | Error::Master(MasterError::NoImage) => {
            log::debug!("{status} {uri:?}: {error}");
        }
        Error::Master(_) | Error::Internal(_) => log::error!("{status} {uri:?}: {error}"),
    }
}
