//! The path of a request, hop by hop: `Service::image` calls every hop in order, and nothing calls it back.
//! Here HTTP and images meet.

use std::borrow::Cow;
use std::fmt::Display;
use std::iter;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use recto_iiif::{Extras, Identifier, ImageRequest, Target, Version};

use crate::complaints;
use crate::config::Config;
use crate::derive::pipeline::Pipeline;
use crate::derive::plan::Cost;
use crate::derive::{self, Derivation, InfoRequest};
use crate::desk::{Admission, Desk, Job};
use crate::disk::Disk;
use crate::error::Error;
use crate::http::asked::Asked;
use crate::http::info_cache::InfoCache;
use crate::http::links::Links;
use crate::http::refusal::{REFUSAL_MAX_AGE, refusal, watched};
use crate::http::spelling::{self, Spelling};
use crate::http::validators::Freshness;
use crate::http::vhost::Vhost;
use crate::http::{ConfigFingerprint, Request, Response};
use crate::master::{IndexStore, Master, OpenMasters};
use crate::source::{Identity, Root, Sidecar};

/// What answers requests: the configuration, the masters and the tools, for one worker.
pub struct Service {
    /// Shared, so that what a request borrows of it does not hold the tools.
    config: Rc<Config>,
    fingerprint: ConfigFingerprint,
    root: Root,
    masters: OpenMasters,
    infos: InfoCache<InfoKey>,
    pipeline: Pipeline,
    /// Where NGINX keeps its copies.
    cache: Disk,
    /// Whether the log complained of a host: once is enough.
    host_refused: bool,
}

/// All that an info.json depends on. Its entity tag alone would not do: 64 bits, for which someone with patience could
/// find a collision, and it distinguishes files on this machine less well than their identities do.
#[derive(PartialEq)]
struct InfoKey {
    etag: String,
    id: String,
    files: (Identity, Option<Identity>),
}

impl Service {
    /// Opens the root of masters.
    ///
    /// # Errors
    /// If the directory cannot be opened.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let root = Root::open(&config.serving.masters)?;
        // If no index can be saved, the supervisor has logged why.
        let masters = OpenMasters::new(config.serving.known, IndexStore::open(&config.serving.state).ok());
        let fingerprint = ConfigFingerprint::of(&config.rendering);
        let cache = Disk::of(config.serving.http.cache.clone());
        Ok(Self {
            config: Rc::new(config),
            fingerprint,
            root,
            masters,
            infos: InfoCache::default(),
            pipeline: Pipeline::default(),
            cache,
            host_refused: false,
        })
    }

    /// The root of masters, open.
    pub fn masters(&self) -> BorrowedFd<'_> {
        self.root.directory()
    }

    /// The response to any request; an error becomes a refusal. None if the desk handed the request over.
    pub fn respond<'r>(&'r mut self, request: &'r Request, desk: &mut dyn Desk) -> Option<Response<'r>> {
        let config = Rc::clone(&self.config);
        let uri = request.param("REQUEST_URI").unwrap_or_default();
        complaints::about_request(uri);
        let (vhost, spelling) = (Vhost::of(request, &config.serving.http), Spelling::asked(request));
        let host = vhost.as_ref().map(|vhost| &*vhost.host).unwrap_or_default();
        let may_be_cached = spelling.is_none_or(|asked| asked.may_cache_refusals(host));
        let asked = || Asked::of(request, vhost, spelling, &config.rendering.limits);
        let may_be_kept = !self.cache.is_nearly_full();
        let answer = self.answer(uri, request, asked, desk);
        let response = answer.unwrap_or_else(|error| Some(refusal(uri, &error, may_be_cached)))?;
        Some(if may_be_kept { response } else { response.not_to_be_kept() })
    }

    /// To be called after a response was sent: caches are brought back within their bounds.
    pub fn after_response(&mut self) {
        complaints::about_request(b"");
        self.masters.trim();
    }

    fn answer<'r, 'a>(
        &'r mut self,
        uri: &'r [u8],
        request: &Request,
        asked: impl FnOnce() -> Result<Asked<'a>, Error>,
        desk: &mut dyn Desk,
    ) -> Result<Option<Response<'r>>, Error> {
        match request.param("REQUEST_METHOD") {
            None | Some(b"GET" | b"HEAD") => {}
            Some(_) => {
                let refusal = Response::text(405, "only GET, HEAD and OPTIONS are answered");
                return Ok(Some(refusal.with("Allow", "GET, HEAD, OPTIONS")));
            }
        }
        let target = recto_iiif::parse(spelling::path(request))?;
        let asked = asked()?;
        self.complain_of_host(request, &asked.vhost);
        match target {
            Target::Base { version, identifier } => Ok(Some(
                asked
                    .lead("", version, &identifier, String::new)
                    .unwrap_or_else(|| see_other(&asked, version, &identifier)),
            )),
            Target::Info { version, identifier } => self.info(&asked, version, &identifier, desk),
            Target::Image { version, identifier, request } => {
                let response = self.image(&asked, version, &identifier, &request, desk)?;
                Ok(response.map(|it| Response { body: watched(it.body, uri), ..it }))
            }
        }
    }

    fn image(
        &mut self,
        asked: &Asked,
        version: Version,
        identifier: &Identifier,
        request: &ImageRequest,
        desk: &mut dyn Desk,
    ) -> Result<Option<Response<'_>>, Error> {
        if !desk.opens(identifier.as_str())? {
            return Ok(None);
        }
        let master = self.masters.find(&self.root, identifier.as_str(), |path| desk.reads(path))?;
        let rendering = &self.config.rendering;
        let derivation = Derivation::new(&master, (version, request), &asked.limits, rendering)?;
        let canonical = derivation.canonical();
        let cached_as = || format!("/{}", derivation.customary());
        if let Some(lead) = asked.lead("", version, identifier, cached_as) {
            return Ok(Some(lead));
        }
        let (names, files) = ([&*page(&master), &canonical], iter::once(master.identity));
        let freshness = Freshness::new(&names, files, &derivation.service.limits, self.fingerprint);
        let links = Links { base: &asked.vhost.base, version, identifier, offer: &rendering.offer };
        let headers = self.headers(derivation.derivative.format.media_type(), links.of_image(&canonical));
        if asked.validators.match_any(&freshness) {
            return Ok(Some(freshness.stamp(Response::new(304, Vec::new())).with_all(headers)));
        }
        let plan = derivation.plan().within(rendering)?;
        let cost = plan.cost();
        if let Some(by_lane) = asked.dear_lane(cost.class()) {
            return Ok(Some(by_lane));
        }
        let Admission::Begin(watch) = desk.admit(job(&master, derivation.derivative, cost))? else {
            return Ok(None);
        };
        let body = self.pipeline.derive(&master, &plan, &watch)?;
        Ok(Some(freshness.stamp(Response::new(200, body)).with_all(headers)))
    }

    fn info(
        &mut self,
        asked: &Asked,
        version: Version,
        identifier: &Identifier,
        desk: &mut dyn Desk,
    ) -> Result<Option<Response<'static>>, Error> {
        if !desk.opens(identifier.as_str())? {
            return Ok(None);
        }
        let master = self.masters.find(&self.root, identifier.as_str(), |path| desk.reads(path))?;
        let media_type = recto_iiif::media_type(version, asked.accept);
        let accept = spelling::plain_accept(asked.accept, media_type);
        if let Some(lead) = asked.lead(accept, version, identifier, || "/info.json".to_owned()) {
            return Ok(Some(lead));
        }
        let sidecar = self.root.sidecar(&master.path);
        let files = (master.identity, sidecar.as_ref().map(|file| file.identity));
        let links =
            Links { base: &asked.vhost.base, version, identifier, offer: &self.config.rendering.offer };
        let id = links.image();
        let names = [id.as_str(), media_type, &page(&master)];
        let all_files = iter::once(files.0).chain(files.1);
        let freshness = Freshness::new(&names, all_files, &asked.limits, self.fingerprint);
        let links = links.of_info(media_type, &master.path, derive::pages(&master)?);
        let headers = self.headers(media_type, links);
        let answer = |status, body: Vec<u8>, freshness: Freshness| {
            Some(freshness.stamp(Response::new(status, body)).with_all(headers).with("Vary", "Accept"))
        };
        if asked.validators.match_any(&freshness) {
            return Ok(answer(304, Vec::new(), freshness));
        }
        let key = InfoKey { etag: freshness.etag().to_owned(), id, files };
        let body = match self.infos.get(&key) {
            Some(body) => body,
            None => {
                let Admission::Begin(_) = desk.admit(job(&master, "info.json", Cost::default()))? else {
                    return Ok(None);
                };
                let config = Rc::clone(&self.config);
                let extras = Self::extras(&config, &master.path, sidecar.as_ref());
                let info = InfoRequest { version, id: &key.id, limits: &asked.limits, extras: &extras };
                let body = derive::describe(&master, &info, &config.rendering)?;
                self.infos.insert(key, body)
            }
        };
        Ok(answer(200, body, freshness))
    }

    /// The headers of every successful response, apart from its validators.
    fn headers(&self, media_type: &str, links: String) -> [(&'static str, String); 3] {
        let cache_control = self.config.serving.http.cache_control.clone();
        [("Content-Type", media_type.to_owned()), ("Cache-Control", cache_control), ("Link", links)]
    }

    /// What the publisher adds to every info.json, and to this one. An invalid sidecar adds nothing.
    fn extras<'c>(config: &'c Config, path: &str, sidecar: Option<&Sidecar>) -> Cow<'c, Extras> {
        derive::extras(&config.rendering.info, sidecar).unwrap_or_else(|error| {
            log::warn!("{path:?}.json is ignored: {error}");
            Cow::Borrowed(&config.rendering.info)
        })
    }

    /// Warns the operator once that clients reach the server by another name than the one in its ids.
    fn complain_of_host(&mut self, request: &Request, vhost: &Vhost) {
        if !self.host_refused
            && let Some(host) = vhost.refused(request, &self.config.serving.http)
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
}

/// A job on a page of a master, by its one name.
fn job(master: &Master, wanted: impl Display, cost: Cost) -> Job {
    Job { name: format!("{};{}/{wanted}", master.path, master.page), cost }
}

/// The page number of a master, as text: mostly 1.
fn page(master: &Master) -> Cow<'static, str> {
    match master.page {
        1 => Cow::Borrowed("1"),
        other => Cow::Owned(other.to_string()),
    }
}

/// Image API 3.0 section 2: the base URI leads to info.json.
fn see_other(asked: &Asked, version: Version, identifier: &Identifier) -> Response<'static> {
    let location = format!("{}/info.json", recto_iiif::base_uri(&asked.vhost.base, version, identifier));
    Response::text(303, &location).with("Location", location.clone()).with("Cache-Control", REFUSAL_MAX_AGE)
}
