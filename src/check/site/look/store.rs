//! A store, asked once with the eyes of the service's user, and what to do about what it says.

use crate::check::Finding;
use crate::check::finding::plain;
use crate::fetch::probe::{Probe, probe};
use crate::source::{StoreKind, StoreSettings};

/// What comes of a try.
pub(super) fn trying(store: &StoreSettings) -> Finding {
    match probe(store) {
        Ok(probe) => judge(store, &probe),
        Err(error) => Finding::warning(store.url(), format!("cannot be tried: {error:#}")),
    }
}

fn judge(store: &StoreSettings, probe: &Probe) -> Finding {
    let url = store.url();
    match probe {
        Probe::Answers => Finding::fine(url, "the store answers, and lets the service read"),
        Probe::Hides(why) => Finding::warning(
            url,
            format!("the store answers, but says 403 of a name that is not there ({})", plain(why)),
        )
        .mend(
            "Either it does not let the service read, or not list: then a master that is missing looks like one that is \
             forbidden, and extensions cannot be left out. Allow s3:GetObject for the objects and s3:ListBucket for the bucket.",
        ),
        Probe::Unusable(why) => {
            Finding::error(url, format!("cannot be used: {}", plain(why))).mend("Correct it in its [[source]].")
        }
        Probe::Down(why) => Finding::error(url.clone(), format!("cannot be reached: {}", plain(why)))
            .mend("See whether its name is known here and whether a firewall is between; from this machine:")
            .by(format!("curl --verbose --max-time 5 --output /dev/null {}", address(store))),
        Probe::Forbidden(why) => forbidden(store, &plain(why)),
        Probe::Strange(why) => strange(store, &plain(why)),
    }
}

/// By what the store says of the credentials.
fn forbidden(store: &StoreSettings, why: &str) -> Finding {
    let finding = Finding::error(store.url(), format!("the store lets nobody in: {why}"));
    if why.contains("RequestTimeTooSkewed") {
        return finding
            .mend("The clock of this machine is wrong by more than a quarter of an hour. Have it set:")
            .by("timedatectl set-ntp true && timedatectl");
    }
    if why.contains("no such bucket") {
        return finding.mend("Is its name right, and is it at this endpoint, with this account?");
    }
    if why.contains("AuthorizationHeaderMalformed") {
        return finding
            .mend("The bucket is in another region than the requests say. In its [[source]], for example:")
            .by("region = \"eu-central-1\"");
    }
    if why.contains("Expired") || why.contains("TokenRefresh") {
        return finding.mend("The credentials have expired: write new ones to /etc/recto/stores.env, and restart the service:")
            .by("systemctl restart recto");
    }
    let variables = match store.kind {
        StoreKind::S3 => "AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=",
        StoreKind::Gcs => "GOOGLE_SERVICE_ACCOUNT=",
        StoreKind::Azure => "AZURE_STORAGE_ACCOUNT_NAME=\nAZURE_STORAGE_ACCOUNT_KEY=",
        StoreKind::Http | StoreKind::Https => {
            return finding.mend("Give it a user and a password_file in its [[source]], or correct them.");
        }
    };
    finding
        .mend(
            "Write the credentials to /etc/recto/stores.env (mode 600; see stores.env among the examples), and restart the \
             service; or say `public = true` if anybody may read it:",
        )
        .by(variables)
}

/// By what it answered instead.
fn strange(store: &StoreSettings, why: &str) -> Finding {
    let finding =
        Finding::error(store.url(), format!("the store answers something else than was asked for: {why}"));
    match why.contains("redirects") {
        true if store.kind == StoreKind::S3 => finding
            .mend("The bucket is in another region than `region` says, or at another endpoint. In its [[source]]:")
            .by("region = \"eu-central-1\""),
        true => finding.mend("Name the address that it leads to: no redirect is followed."),
        false => finding.mend("Is there a proxy between, or a page of some web server at this address?"),
    }
}

/// Where it can be tried by hand.
fn address(store: &StoreSettings) -> String {
    let StoreSettings { kind, bucket, endpoint, region, account, .. } = store;
    match (endpoint, kind) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, StoreKind::S3) => {
            format!("https://{bucket}.s3.{}.amazonaws.com/", region.as_deref().unwrap_or("us-east-1"))
        }
        (None, StoreKind::Gcs) => format!("https://storage.googleapis.com/{bucket}/"),
        (None, StoreKind::Azure) => {
            format!("https://{}.blob.core.windows.net/{bucket}", account.as_deref().unwrap_or("ACCOUNT"))
        }
        (None, StoreKind::Http | StoreKind::Https) => store.url(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::config::Config;

    fn store(url: &str) -> StoreSettings {
        let config = Config::parse(&format!("[[source]]\nprefix = 'a/'\nurl = {url:?}")).expect("valid");
        let (_, store) = config.serving.masters.stores().next().expect("a store");
        store.clone()
    }

    #[test]
    fn whatever_is_amiss_what_to_do_is_said() {
        let text = |why: &str| why.to_owned();
        for (url, probe, severity, says) in [
            ("s3://b", Probe::Answers, Severity::Fine, ""),
            ("s3://b", Probe::Hides(text("status 403, AccessDenied")), Severity::Warning, "s3:ListBucket"),
            ("s3://b", Probe::Down(text("no connection")), Severity::Error, "b.s3.us-east-1.amazonaws.com"),
            ("https://h/p", Probe::Down(text("no address")), Severity::Error, "https://h/p/"),
            (
                "s3://b",
                Probe::Forbidden(text("status 403, RequestTimeTooSkewed")),
                Severity::Error,
                "timedatectl",
            ),
            (
                "s3://b",
                Probe::Forbidden(text("there is no such bucket")),
                Severity::Error,
                "Is its name right",
            ),
            (
                "s3://b",
                Probe::Forbidden(text("400, AuthorizationHeaderMalformed")),
                Severity::Error,
                "region =",
            ),
            ("s3://b", Probe::Forbidden(text("400, ExpiredToken")), Severity::Error, "expired"),
            ("s3://b", Probe::Forbidden(text("no credentials")), Severity::Error, "AWS_ACCESS_KEY_ID"),
            ("gs://b", Probe::Forbidden(text("status 401")), Severity::Error, "GOOGLE_SERVICE_ACCOUNT"),
            ("az://b", Probe::Forbidden(text("status 403")), Severity::Error, "AZURE_STORAGE_ACCOUNT_KEY"),
            ("https://h", Probe::Forbidden(text("status 401")), Severity::Error, "password_file"),
            ("s3://b", Probe::Strange(text("it redirects (status 301)")), Severity::Error, "region ="),
            ("https://h", Probe::Strange(text("it redirects (status 302)")), Severity::Error, "no redirect"),
            ("https://h", Probe::Strange(text("a page")), Severity::Error, "proxy"),
            ("s3://b", Probe::Unusable(text("no such file")), Severity::Error, "[[source]]"),
        ] {
            let finding = judge(&store(url), &probe);
            let all =
                [finding.advice.clone(), finding.command.clone()].map(Option::unwrap_or_default).concat();
            assert!(finding.severity == severity && all.contains(says), "{probe:?}: {finding:?}");
        }
    }
}
