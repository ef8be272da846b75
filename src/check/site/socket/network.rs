//! The addresses of `[server] listen`: whether somebody answers, and who else could ask there. FastCGI knows no
//! passwords: whoever reaches such an address makes requests past NGINX, its limits and its access rules.

use std::net::{IpAddr, SocketAddr, TcpStream};

use super::answers;
use super::ask::PATIENCE;
use crate::check::Finding;

/// What there is to say of these addresses; `identifier` is of a master to ask for.
pub(in super::super) fn judge(addresses: &[SocketAddr], identifier: Option<&str>) -> Vec<Finding> {
    let each = addresses.iter().flat_map(|address| {
        let about = address.to_string();
        let connect = || TcpStream::connect_timeout(&reached_at(*address), PATIENCE);
        let answers = answers(&about, identifier, connect);
        open_to_others(about, address.ip()).into_iter().chain([answers])
    });
    each.collect()
}

/// Where this machine reaches it itself.
fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// That others than this machine may ask there.
fn open_to_others(about: String, ip: IpAddr) -> Option<Finding> {
    let what = match ip {
        _ if ip.is_loopback() => return None,
        _ if ip.is_unspecified() => "is open on all networks of this machine",
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => return Some(shared(about)),
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => return Some(shared(about)),
        _ => "is open to the internet, unless a firewall is before it",
    };
    let what =
        format!("{what}: whoever reaches it makes requests past NGINX, its limits and its access rules");
    let advice = "Give the address of the network that NGINX is in, and let only NGINX through the firewall, or by \
                  IPAddressDeny=any and IPAddressAllow= in recto.service.";
    Some(Finding::warning(about, what).mend(advice))
}

fn shared(about: String) -> Finding {
    let what = "every machine of its network makes requests past NGINX, its limits and its access rules";
    Finding::advice(about, what).mend(
        "Let only NGINX through the firewall, or by IPAddressDeny=any and IPAddressAllow= in recto.service.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn who_else_may_ask_is_said() {
        for (address, expected) in [
            ("127.0.0.1:9000", None),
            ("[::1]:9000", None),
            ("10.1.2.3:9000", Some(Severity::Advice)),
            ("[fd00::1]:9000", Some(Severity::Advice)),
            ("0.0.0.0:9000", Some(Severity::Warning)),
            ("[::]:9000", Some(Severity::Warning)),
            ("192.0.2.1:9000", Some(Severity::Warning)),
        ] {
            let ip = address.parse::<SocketAddr>().expect("an address").ip();
            assert_eq!(open_to_others(address.into(), ip).map(|it| it.severity), expected, "{address}");
        }
    }

    #[test]
    fn nobody_there_is_an_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let findings = judge(&[address], None);
        assert!(findings.len() == 1 && findings[0].what.starts_with("nobody listens"), "{findings:?}");
    }
}
