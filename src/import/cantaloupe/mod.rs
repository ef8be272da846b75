//! The keys of Cantaloupe 5.0.6 and 6.0 (develop of October 2024), read in its sample configuration and its sources; and
//! names that 4.1 had. Families of keys are told by what they begin with.

mod translate;

use super::fate::Rule;
use super::read::Keys;
use super::site::Site;
use Rule::{Do, If, Lost, LostIfOn, Needless};

const LISTENING: Rule = Needless("NGINX listens, with TLS: see site.example.conf");
const OWN_READERS: Rule = Needless("Recto reads all formats of masters itself");
const OTHER_SOURCE: Rule = Lost(
    "masters are read from directories only",
    "mount the store (NFS, or an object store by rclone or mountpoint-s3) and name the directory by [[source]]",
);
const DELEGATE: Rule = Lost(
    "there are no scripts: a request does what it does by configuration alone",
    "source(), filesystemsource_pathname(): [[source]], links (follow_symlinks) or a map of $request_uri in NGINX; authorize(), \
     pre_authorize(): auth_request in NGINX, which is asked for cached answers too; \
     extra_iiif2_information_response_keys(), extra_iiif3_...(): a file leaf.tif.json beside the master, or [info]; \
     metadata(): [metadata] carry; overlay(), redactions(): none, publish masters that are made so",
);
const OVERLAY: Rule = Lost("nothing is drawn on pictures", "watermark the masters, or draw it in the viewer");
const LOG: Rule =
    Needless("the log goes to stderr, where systemd keeps it: journalctl -u recto; RECTO_LOG sets its level");
const OTHER_CACHE: Rule = Lost(
    "NGINX keeps copies, on its disk",
    "nothing has to be moved: the cache fills itself; its size is in http.conf",
);
const FILE_CACHE: Rule =
    Needless("NGINX keeps copies in /var/cache/nginx/recto; size and place are in http.conf");
const ENDPOINT: Rule = LostIfOn(
    "there is no control panel and no API that changes things",
    "/iiif/status and /iiif/metrics for what goes on, `recto purge ID` to forget a picture",
);

/// Keys, or what they begin with if they end in `.`, and what becomes of them. The first that fits counts.
static RULES: &[(&str, Rule)] = &[
    ("temp_pathname", Needless("no temporary files are needed")),
    ("http.max_threads", Needless("[server] workers is \"auto\": one per core")),
    ("http.min_threads", Needless("[server] workers is \"auto\": one per core")),
    ("http.", LISTENING),
    ("https.", LISTENING),
    ("base_uri", Do(translate::base_uri)),
    ("slash_substitute", Do(translate::slash_substitute)),
    ("max_pixels", Do(translate::max_pixels)),
    ("max_scale", Do(translate::max_scale)),
    ("allow_upscaling", Do(translate::allow_upscaling)),
    ("meta_identifier.transformer", Do(translate::transformer)),
    ("meta_identifier.transformer.StandardMetaIdentifierTransformer.delimiter", Do(translate::delimiter)),
    ("log_error_responses", Needless("what is refused is in NGINX's access log, what fails in the journal")),
    ("print_stack_trace_on_error_pages", Needless("errors tell clients nothing of the server")),
    ("delegate_script.enabled", LostIfOn("there are no scripts", "see delegate_script.pathname")),
    ("delegate_script.", If("delegate_script.enabled", "true", &DELEGATE)),
    (
        "endpoint.iiif.1.enabled",
        LostIfOn("version 1 of the Image API is not served", "link to /iiif/2 or /iiif/3"),
    ),
    ("endpoint.iiif.2.enabled", Do(translate::endpoint_2)),
    ("endpoint.iiif.3.enabled", Do(translate::endpoint_3)),
    ("endpoint.iiif.min_size", Needless("sizes in info.json are those that are stored in the master")),
    (
        "endpoint.iiif.min_tile_size",
        Needless("tiles in info.json are those that are stored in the master, 256 pixels at least"),
    ),
    ("endpoint.iiif.restrict_to_sizes", RESTRICT),
    ("endpoint.iiif.2.restrict_to_sizes", RESTRICT),
    (
        "endpoint.iiif.content_disposition",
        Lost("no Content-Disposition is sent", "add_header in nginx/local-headers.conf"),
    ),
    ("endpoint.admin.enabled", ENDPOINT),
    ("endpoint.api.enabled", ENDPOINT),
    ("endpoint.admin.", If("endpoint.admin.enabled", "true", &Needless("there is no control panel"))),
    ("endpoint.api.", If("endpoint.api.enabled", "true", &Needless("there is no such API"))),
    ("endpoint.health.", Needless("health is told at /iiif/health, for addresses that NGINX allows")),
    ("source.static", Do(translate::source)),
    (
        "source.delegate",
        LostIfOn(
            "there are no scripts that choose a source",
            "[[source]] sections, chosen by the identifier's beginning",
        ),
    ),
    ("FilesystemSource.lookup_strategy", Do(translate::lookup)),
    ("FilesystemSource.BasicLookupStrategy.path_prefix", Do(translate::path_prefix)),
    ("FilesystemSource.BasicLookupStrategy.path_suffix", Do(translate::path_suffix)),
    ("HttpSource.", If("source.static", "HttpSource", &OTHER_SOURCE)),
    ("S3Source.", If("source.static", "S3Source", &OTHER_SOURCE)),
    ("AzureStorageSource.", If("source.static", "AzureStorageSource", &OTHER_SOURCE)),
    ("JdbcSource.", If("source.static", "JdbcSource", &OTHER_SOURCE)),
    ("processor.background_color", Do(translate::background)),
    ("processor.jpg.progressive", Do(translate::progressive)),
    ("processor.jpg.quality", Do(translate::quality)),
    ("processor.tif.compression", Do(translate::compression)),
    ("processor.sharpen", Do(translate::sharpen)),
    (
        "processor.downscale_filter",
        Needless("pictures are scaled by one good filter, from the level that fits"),
    ),
    ("processor.upscale_filter", Needless("pictures are scaled by one good filter")),
    (
        "processor.downscale_linear",
        LostIfOn("pictures are scaled as they are stored, not in linear light", "levels that are made so"),
    ),
    ("processor.dpi", Needless("vector formats are not read; their pages have to be made images")),
    ("processor.pdf.", Needless("PDF is not read; its pages have to be made images")),
    (
        "processor.normalize",
        LostIfOn("pictures are sent as bright as they are stored", "normalize the masters"),
    ),
    ("processor.metadata.preserve", Do(translate::metadata)),
    ("processor.", OWN_READERS),
    ("FfmpegProcessor.", Needless("video is not read")),
    ("OpenJpegProcessor.", OWN_READERS),
    ("GrokProcessor.", OWN_READERS),
    ("KakaduNativeProcessor.", OWN_READERS),
    ("KakaduDemoProcessor.", OWN_READERS),
    ("ImageMagickProcessor.", OWN_READERS),
    ("GraphicsMagickProcessor.", OWN_READERS),
    ("cache.client.", Do(translate::client_cache)),
    ("cache.server.source", Needless("masters are read where they are")),
    ("cache.server.source.", Needless("masters are read where they are")),
    (
        "cache.server.derivative.enabled",
        Needless("NGINX keeps copies in any case; `fastcgi_cache off;` in local.conf ends that"),
    ),
    ("cache.server.derivative.ttl_seconds", Do(translate::ttl)),
    ("cache.server.derivative", Needless("NGINX keeps copies, on its disk")),
    ("cache.server.info.enabled", Needless("workers and NGINX keep info.json")),
    (
        "cache.server.purge_missing",
        Needless("what is gone is 404 within ten minutes; `recto purge ID` at once"),
    ),
    (
        "cache.server.resolve_first",
        Needless("NGINX asks a worker every ten minutes whether a copy still holds"),
    ),
    ("cache.server.worker.", Needless("NGINX deletes what was not asked for of late")),
    ("FilesystemCache.", FILE_CACHE),
    ("HeapCache.", If("cache.server.derivative", "HeapCache", &OTHER_CACHE)),
    ("JdbcCache.", If("cache.server.derivative", "JdbcCache", &OTHER_CACHE)),
    ("S3Cache.", If("cache.server.derivative", "S3Cache", &OTHER_CACHE)),
    ("AzureStorageCache.", If("cache.server.derivative", "AzureStorageCache", &OTHER_CACHE)),
    ("RedisCache.", If("cache.server.derivative", "RedisCache", &OTHER_CACHE)),
    (
        "overlays.enabled",
        LostIfOn("nothing is drawn on pictures", "watermark the masters, or draw it in the viewer"),
    ),
    (
        "overlays.BasicStrategy.enabled",
        LostIfOn("nothing is drawn on pictures", "watermark the masters, or draw it in the viewer"),
    ),
    ("overlays.", If("overlays.BasicStrategy.enabled", "true", &OVERLAY)),
    (
        "redaction.enabled",
        LostIfOn("nothing is hidden in pictures", "publish masters from which it is cut out"),
    ),
    ("log.access.", Needless("NGINX writes the access log: access_log, in the form recto_json of http.conf")),
    ("log.application.level", LOG),
    ("log.", LOG),
];

const RESTRICT: Rule = LostIfOn(
    "other sizes than those of info.json are served as well",
    "[limits] bound what a request may cost; a map of $request_uri in NGINX can refuse the rest",
);

/// Keys that a container may give as a variable: in capitals, with `_` for all else. Those of which the file says more.
static VARIABLES: &[&str] = &[
    "base_uri",
    "slash_substitute",
    "max_pixels",
    "max_scale",
    "meta_identifier.transformer",
    "meta_identifier.transformer.StandardMetaIdentifierTransformer.delimiter",
    "log_error_responses",
    "print_stack_trace_on_error_pages",
    "temp_pathname",
    "http.enabled",
    "http.host",
    "http.port",
    "http.min_threads",
    "http.max_threads",
    "http.accept_queue_limit",
    "https.enabled",
    "https.host",
    "https.port",
    "delegate_script.enabled",
    "delegate_script.pathname",
    "endpoint.iiif.1.enabled",
    "endpoint.iiif.2.enabled",
    "endpoint.iiif.3.enabled",
    "endpoint.iiif.min_size",
    "endpoint.iiif.min_tile_size",
    "endpoint.iiif.restrict_to_sizes",
    "endpoint.admin.enabled",
    "endpoint.admin.username",
    "endpoint.admin.secret",
    "endpoint.api.enabled",
    "endpoint.api.username",
    "endpoint.api.secret",
    "endpoint.health.enabled",
    "endpoint.health.dependency_check",
    "source.static",
    "source.delegate",
    "FilesystemSource.lookup_strategy",
    "FilesystemSource.BasicLookupStrategy.path_prefix",
    "FilesystemSource.BasicLookupStrategy.path_suffix",
    "processor.selection_strategy",
    "processor.background_color",
    "processor.jpg.progressive",
    "processor.jpg.quality",
    "processor.tif.compression",
    "processor.sharpen",
    "processor.downscale_filter",
    "processor.upscale_filter",
    "processor.downscale_linear",
    "processor.dpi",
    "processor.stream_retrieval_strategy",
    "processor.fallback_retrieval_strategy",
    "cache.client.enabled",
    "cache.client.max_age",
    "cache.client.shared_max_age",
    "cache.client.public",
    "cache.client.private",
    "cache.client.no_cache",
    "cache.client.no_store",
    "cache.client.must_revalidate",
    "cache.client.proxy_revalidate",
    "cache.client.no_transform",
    "cache.server.source",
    "cache.server.source.ttl_seconds",
    "cache.server.derivative",
    "cache.server.derivative.enabled",
    "cache.server.derivative.ttl_seconds",
    "cache.server.info.enabled",
    "cache.server.purge_missing",
    "cache.server.resolve_first",
    "cache.server.worker.enabled",
    "cache.server.worker.interval",
    "FilesystemCache.pathname",
    "FilesystemCache.dir.depth",
    "FilesystemCache.dir.name_length",
    "overlays.strategy",
    "overlays.BasicStrategy.enabled",
    "log.application.level",
];

/// Beginnings of variables of families whose keys are not told one by one.
static FAMILIES: &[(&str, &str)] = &[
    ("HTTPSOURCE_", "HttpSource."),
    ("S3SOURCE_", "S3Source."),
    ("AZURESTORAGESOURCE_", "AzureStorageSource."),
    ("JDBCSOURCE_", "JdbcSource."),
    ("HEAPCACHE_", "HeapCache."),
    ("S3CACHE_", "S3Cache."),
    ("JDBCCACHE_", "JdbcCache."),
    ("REDISCACHE_", "RedisCache."),
    ("AZURESTORAGECACHE_", "AzureStorageCache."),
    ("OVERLAYS_", "overlays.BasicStrategy."),
    ("LOG_", "log."),
    ("PROCESSOR_", "processor."),
];

/// What becomes of a key, if it is one.
pub(super) fn rule(key: &str) -> Option<&'static Rule> {
    let exact = RULES.iter().find(|(name, _)| *name == key);
    exact
        .or_else(|| RULES.iter().find(|(name, _)| name.ends_with('.') && key.starts_with(name)))
        .map(|(_, rule)| rule)
}

/// The key that a variable of the environment stands for.
pub(super) fn key_of_variable(variable: &str) -> Option<&'static str> {
    if !variable.contains('_') || variable.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let same = |key: &&&str| {
        let letters = key.bytes().map(|byte| match byte.to_ascii_uppercase() {
            byte if byte.is_ascii_alphanumeric() => byte,
            _ => b'_',
        });
        letters.eq(variable.bytes())
    };
    let family = || FAMILIES.iter().find(|(start, _)| variable.starts_with(start)).map(|(_, key)| *key);
    VARIABLES.iter().find(same).copied().or_else(family)
}

/// What is written whatever the keys say.
pub(super) fn finish(keys: &Keys, site: &mut Site) {
    // Without the key nothing is enlarged.
    if keys.get("max_scale").is_none() {
        site.set(("offer", "upscaling"), false, "max_scale is 1.0 unless it is given");
    }
}

#[cfg(test)]
mod tests;
