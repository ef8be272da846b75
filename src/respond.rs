//! The path of a request, hop by hop: `Service::image` calls every hop in order, and nothing calls it back.
//! Here HTTP and images meet.

use std::borrow::Cow;
use std::fmt::Display;
use std::iter;
use std::rc::Rc;

use recto_iiif::{Extras, Identifier, ImageRequest, Target, Version};

use crate::account::{Account, NoPlace, Stage, Way};
use crate::config::Config;
use crate::derive::pipeline::Pipeline;
use crate::derive::plan::{Class, Cost};
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
use crate::http::vhost::{self, Vhost};
use crate::http::{ConfigFingerprint, Request, Response};
use crate::master::{IndexStore, Master, OpenMasters};
use crate::source::{Identity, Patience, Sidecar, Sources};

/// What answers requests: the configuration, the masters and the tools, for one worker.
pub struct Service {
    /// Shared, so that what a request borrows of it does not hold the tools.
    config: Rc<Config>,
    fingerprint: ConfigFingerprint,
    sources: Sources,
    masters: OpenMasters,
    infos: InfoCache<InfoKey>,
    pipeline: Pipeline,
    /// Where NGINX keeps its copies.
    cache: Disk,
    /// Whether the log complained of a host: once is enough.
    host_refused: bool,
    account: Account,
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
    /// Opens the sources of masters.
    ///
    /// # Errors
    /// If the directory of one cannot be opened.
    pub fn new(config: Config) -> anyhow::Result<Self> {
        let sources = Sources::open(&config.serving.masters)?;
        Ok(Self::of(config, sources))
    }

    /// Takes the sources of masters, open.
    pub(crate) fn of(config: Config, sources: Sources) -> Self {
        // If no index can be saved, the supervisor has logged why.
        let masters = OpenMasters::new(config.serving.known, IndexStore::open(&config.serving.state).ok());
        let fingerprint = ConfigFingerprint::of(&config.rendering);
        let cache = Disk::of(config.serving.http.cache.clone());
        let account = Account::default();
        Self {
            config: Rc::new(config),
            fingerprint,
            sources,
            masters,
            infos: InfoCache::default(),
            pipeline: Pipeline::telling(account.clone()),
            cache,
            host_refused: false,
            account,
        }
    }

    /// What was done for the last request, or is being done for this one.
    pub fn account(&self) -> Account {
        self.account.clone()
    }

    /// The sources of masters, open.
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The response to any request; an error becomes a refusal. None if the desk handed the request over.
    pub fn respond<'r>(&'r mut self, request: &'r Request, desk: &mut dyn Desk) -> Option<Response<'r>> {
        let (config, account) = (Rc::clone(&self.config), self.account.clone());
        account.begin();
        if let Some(watch) = desk.patience() {
            self.sources.wait(Patience::Until(watch));
        }
        // What a request took that was refused or handed over is not the next one's.
        self.sources.take_spent();
        let uri = request.param("REQUEST_URI").unwrap_or_default();
        let (vhost, spelling) = (Vhost::of(request, &config.serving.http), Spelling::asked(request));
        let host = vhost.as_ref().map(|vhost| &*vhost.host).unwrap_or_default();
        let may_be_cached = spelling.is_none_or(|asked| asked.may_cache_refusals(host));
        let asked = || Asked::of(request, vhost, spelling, &config.rendering.limits);
        let may_be_kept = !self.cache.is_nearly_full();
        let answer = match self.answer(uri, request, asked, desk) {
            Err(Error::Away) => desk.fetches().map(|()| None),
            answer => answer,
        };
        let response = answer.unwrap_or_else(|error| Some(refused(uri, &error, may_be_cached, &account)))?;
        if response.status != 200 {
            account.end(Stage::Plan);
        }
        let response = if may_be_kept { response } else { response.not_to_be_kept() };
        let is_head = request.param("REQUEST_METHOD") == Some(b"HEAD");
        Some(if is_head { response.without_body() } else { response })
    }

    /// To be called after a response was sent: caches are brought back within their bounds.
    pub fn after_response(&mut self) {
        // It holds the connection of the client, who waits for its end.
        self.sources.wait(Patience::None);
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
        let target = recto_iiif::parse_below(vhost::prefix(request), spelling::path(request))?;
        let asked = asked()?;
        self.complain_of_host(request, &asked.vhost);
        match target {
            Target::Base { version, identifier } => {
                self.account.goes(Way::Led);
                Ok(asked.lead("", version, &identifier, String::new).or_else(|| {
                    self.account.goes(Way::Redirected);
                    Some(see_other(&asked, version, &identifier))
                }))
            }
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
        let master = self.masters.find(&self.sources, identifier.as_str(), |path| desk.reads(path))?;
        self.opened(&master);
        let rendering = &self.config.rendering;
        let derivation = Derivation::new(&master, (version, request), &asked.limits, rendering)?;
        let canonical = derivation.canonical();
        let cached_as = || format!("/{}", derivation.customary());
        if let Some(lead) = asked.lead("", version, identifier, cached_as) {
            self.account.goes(Way::Led);
            return Ok(Some(lead));
        }
        let (names, files) = ([&*page(&master), &canonical], iter::once(master.identity));
        let freshness = Freshness::new(&names, files, &derivation.service.limits, self.fingerprint);
        let links = Links { base: &asked.vhost.base, version, identifier, offer: &rendering.offer };
        let headers = self.headers(derivation.derivative.format.media_type(), links.of_image(&canonical));
        if self.is_fresh(asked, &freshness) {
            return Ok(Some(freshness.stamp(Response::new(304, Vec::new())).with_all(headers)));
        }
        let plan = derivation.plan().within(rendering)?;
        let cost = plan.cost();
        if let Some(by_lane) = asked.dear_lane(cost.class()) {
            self.account.goes(Way::Lane);
            return Ok(Some(by_lane));
        }
        let Admission::Begin(watch) = desk.admit(job(&master, derivation.derivative, cost))? else {
            return Ok(None);
        };
        self.account.end(Stage::Plan);
        let hindered = |walked| self.account.is_hindered(plan.hindrances(&master.description, walked));
        hindered(master.was_walked());
        let body = self.pipeline.derive(&master, &plan, &watch)?;
        // What is cheap and far is made before it is answered: somebody else may have to fetch more for it.
        let body = match self.sources.is_far(master.source) && cost.class() == Class::Cheap {
            true => body.gathered()?,
            false => body,
        };
        // Known only now, if nobody has walked there before.
        if master.was_walked() {
            hindered(true);
        }
        fetched(&self.sources, &master, &self.account);
        let response = freshness.stamp(Response::new(200, body)).with_all(headers);
        Ok(Some(timed(response, &self.account, &self.config)))
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
        let master = self.masters.find(&self.sources, identifier.as_str(), |path| desk.reads(path))?;
        self.opened(&master);
        let media_type = recto_iiif::media_type(version, asked.accept);
        let accept = spelling::plain_accept(asked.accept, media_type);
        if let Some(lead) = asked.lead(accept, version, identifier, || "/info.json".to_owned()) {
            self.account.goes(Way::Led);
            return Ok(Some(lead));
        }
        let sidecar = self.sources.sidecar(master.source, &master.path)?;
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
        if self.is_fresh(asked, &freshness) {
            return Ok(answer(304, Vec::new(), freshness));
        }
        self.account.goes(Way::Info);
        self.account.end(Stage::Plan);
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
        self.account.end(Stage::Encode);
        fetched(&self.sources, &master, &self.account);
        Ok(answer(200, body, freshness).map(|response| timed(response, &self.account, &self.config)))
    }

    /// The master is open.
    fn opened(&self, master: &Master) {
        self.account.end(Stage::Open);
        self.account.reads(master.kind());
    }

    /// Whether the client has what it asks for.
    fn is_fresh(&self, asked: &Asked, freshness: &Freshness) -> bool {
        let is_fresh = asked.validators.match_any(freshness);
        if asked.validators.are_there() {
            self.account.compares(is_fresh);
        }
        if is_fresh {
            self.account.goes(Way::Fresh);
        }
        is_fresh
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

/// The response to an error, which is accounted for.
fn refused(uri: &[u8], error: &Error, may_be_cached: bool, account: &Account) -> Response<'static> {
    account.goes(Way::Refused);
    NoPlace::of(error).into_iter().for_each(|why| account.finds_no_place(why));
    refusal(uri, error, may_be_cached)
}

/// Accounts for what was fetched of a master that is far.
fn fetched(sources: &Sources, master: &Master, account: &Account) {
    if sources.is_far(master.source) {
        account.fetches(sources.take_spent());
    }
}

/// The response, with how long its stages took and what was done, if the operator wants clients to know.
fn timed<'r>(response: Response<'r>, account: &Account, config: &Config) -> Response<'r> {
    match config.serving.http.server_timing {
        // Scripts of other origins see the first only with the second.
        true => response.with("Server-Timing", account.server_timing()).with("Timing-Allow-Origin", "*"),
        false => response,
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
