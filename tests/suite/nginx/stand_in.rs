//! Somebody in the place of the workers, who answers, dies or waits as a test wants it: what NGINX makes of that.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use recto::fastcgi::record::{self, kind};
use recto::fastcgi::{self, Assembly, Incoming};
use recto::http::Response;

use crate::server::Server;
use crate::site::Site;

/// Who listens where the workers of a site did.
pub struct StandIn(UnixListener);

/// A request that waits for its answer. Dropped, it is what a worker leaves behind that dies.
pub struct Asked {
    pub stream: UnixStream,
    incoming: Incoming,
}

impl StandIn {
    /// Takes the place of the site's workers.
    pub fn of(site: &mut Site) -> Self {
        Self::of_pool(&mut site.server)
    }

    /// Takes the place of these workers.
    pub fn of_pool(server: &mut Server) -> Self {
        assert_eq!(server.stop(), Some(0));
        Self(UnixListener::bind(server.path("recto.sock")).expect("free"))
    }

    /// Waits for the next request.
    pub fn asked(&self) -> Asked {
        let (mut stream, _) = self.0.accept().expect("NGINX");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let incoming = fastcgi::read_request(&mut stream, &mut Assembly::default());
        let incoming = incoming.expect("no error").expect("a request");
        Asked { stream, incoming }
    }

    /// Whether no request waits to be heard.
    pub fn is_left_alone(&self) -> bool {
        self.0.set_nonblocking(true).expect("a socket");
        let nobody = self.0.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.0.set_nonblocking(false).expect("a socket");
        nobody
    }
}

impl Asked {
    pub fn param(&self, name: &str) -> String {
        String::from_utf8(self.incoming.request.param(name).unwrap_or_default().to_vec()).expect("text")
    }

    pub fn answer(mut self, response: Response) {
        fastcgi::write_response(response, self.incoming.id, &mut self.stream).expect("written");
        self.stream.flush().expect("written");
    }

    /// Begins an answer as a worker does, and dies.
    pub fn break_off(mut self, begun: &[u8]) {
        let length = u16::try_from(begun.len()).expect("short");
        let header = record::header(kind::STDOUT, self.incoming.id, length);
        self.stream.write_all(&[&header[..], begun].concat()).expect("written");
    }

    /// Waits until NGINX has hung up.
    pub fn until_hung_up(mut self) {
        assert_eq!(self.stream.read(&mut [0; 8]).expect("hung up in time"), 0);
    }
}

/// An answer that may be cached.
pub fn picture(body: &[u8]) -> Response<'static> {
    Response::new(200, body.to_vec()).with("Content-Type", "image/jpeg").with("ETag", "\"1\"")
}
