//! Requests to the server under examination: counted, paced, each made once; and what every answer has to be like.

use std::collections::HashMap;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use super::Manners;
use crate::client::{Answer, Client, Picture, format_of};
use crate::picture::{Dimensions, Format};

/// Pixels of the largest picture that is asked for.
pub(super) const LARGEST: u64 = 16_000_000;

/// Why nothing is said for a rule.
pub(super) enum Fault {
    /// It is broken: how, in a sentence.
    Broken(String),
    /// It cannot be tried: why.
    Untried(String),
}

/// What came of trying something.
pub(super) type Tried<T> = Result<T, Fault>;

/// A rule is broken.
pub(super) fn broken<T>(how: impl Into<String>) -> Tried<T> {
    Err(Fault::Broken(how.into()))
}

/// A rule cannot be tried.
pub(super) fn untried<T>(why: impl Into<String>) -> Tried<T> {
    Err(Fault::Untried(why.into()))
}

/// A rule is broken unless it `holds`.
pub(super) fn must(holds: bool, how: impl FnOnce() -> String) -> Tried<()> {
    if holds { Ok(()) } else { broken(how()) }
}

/// Who asks.
pub(super) struct Asker {
    client: Client,
    base: String,
    left: u32,
    pause: Duration,
    last: Option<Instant>,
    /// Answers by their request, as a command shows it.
    known: HashMap<String, Rc<Answer>>,
    /// The request that was looked at last, as a command.
    shown: String,
}

impl Asker {
    /// Of the image with this base URI.
    pub(super) fn new(client: Client, base: &str, manners: &Manners) -> Self {
        let pause = Duration::from_secs(1) / manners.rate.max(1);
        // The first one is made already.
        let left = manners.requests.saturating_sub(1);
        let (known, shown) = (HashMap::new(), String::new());
        Self { client, base: base.to_owned(), left, pause, last: None, known, shown }
    }

    /// The base URI of the image.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The command that makes the last request.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Forgets what was shown last.
    pub(super) fn begin(&mut self) {
        self.shown = format!("curl -sS '{}/info.json'", self.base);
    }

    /// The answer to a GET of something below the base URI, whatever it is.
    pub(super) fn get(&mut self, rest: &str) -> Tried<Rc<Answer>> {
        self.ask("GET", &format!("{}/{rest}", self.base), &[])
    }

    /// The answer to any request, which is made once.
    pub(super) fn ask(&mut self, method: &str, url: &str, headers: &[(&str, &str)]) -> Tried<Rc<Answer>> {
        self.shown = command(method, url, headers);
        if let Some(answer) = self.known.get(&self.shown) {
            return Ok(Rc::clone(answer));
        }
        if self.left == 0 {
            return untried("the requests are used up: --requests allows more");
        }
        self.left -= 1;
        if let Some(last) = self.last {
            thread::sleep((last + self.pause).saturating_duration_since(Instant::now()));
        }
        self.last = Some(Instant::now());
        match self.client.request(method, url, headers) {
            Ok(answer) => {
                let answer = Rc::new(answer);
                self.known.insert(self.shown.clone(), Rc::clone(&answer));
                Ok(answer)
            }
            Err(error) => broken(format!("there is no answer: {error:#}")),
        }
    }

    /// The answer to a GET below the base URI, whose status has to be 200.
    pub(super) fn found(&mut self, rest: &str) -> Tried<Rc<Answer>> {
        let answer = self.get(rest)?;
        let status = answer.status;
        must(status == 200, || format!("status {status}, not 200: \"{}\"", answer.said()))?;
        Ok(answer)
    }

    /// The picture at a place below the base URI, in the format that its URL ends with.
    pub(super) fn picture(&mut self, rest: &str) -> Tried<Picture> {
        let answer = self.found(rest)?;
        let ending = rest.rsplit('.').next().unwrap_or_default();
        if let Some(asked) = Format::ALL.into_iter().find(|format| format.extension() == ending) {
            must_be(&answer, asked)?;
        }
        Picture::decode(&answer.body)
            .or_else(|error| broken(format!("the picture cannot be read: {error:#}")))
    }

    /// The same, which has to have this size exactly.
    pub(super) fn sized(&mut self, rest: &str, size: Dimensions) -> Tried<Picture> {
        self.near(rest, size, (0, 0))
    }

    /// The same, whose sides may each differ by so many pixels.
    pub(super) fn near(
        &mut self,
        rest: &str,
        size: Dimensions,
        (across, down): (u32, u32),
    ) -> Tried<Picture> {
        if size.area() > LARGEST {
            return untried(format!("{size} is more than {} megapixels", LARGEST / 1_000_000));
        }
        let picture = self.picture(rest)?;
        let came = picture.size();
        let fits = came.width.abs_diff(size.width) <= across && came.height.abs_diff(size.height) <= down;
        let about = if (across, down) == (0, 0) { "" } else { "about " };
        must(fits, || match came.transposed() == size {
            true => format!("width and height are swapped: {came} came, not {size}"),
            false => format!("{came} came, not {about}{size}"),
        })?;
        Ok(picture)
    }

    /// A request that has to be refused with one of these statuses. A 404 is an answer as well, wherever 400 is.
    pub(super) fn refused(&mut self, rest: &str, statuses: &[u16]) -> Tried<()> {
        let answer = self.get(rest)?;
        let status = answer.status;
        let names = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        must(status != 200, || format!("it is answered with a picture or text, status 200, not {names}"))?;
        must(statuses.contains(&status), || format!("status {status}, not {names}: \"{}\"", answer.said()))
    }
}

/// The bytes and the media type of an answer have to be those of a format.
pub(super) fn must_be(answer: &Answer, format: Format) -> Tried<()> {
    let (media, bytes) = (answer.media_type(), format_of(&answer.body));
    let is = bytes.map_or("of no known format", Format::media_type);
    must(bytes == Some(format), || {
        format!("{} was asked for, and the bytes are {is} (Content-Type: {media})", format.media_type())
    })?;
    must(media == format.media_type(), || {
        format!("Content-Type is \"{media}\", and the bytes are {}", format.media_type())
    })
}

/// A request as a command line that repeats it.
fn command(method: &str, url: &str, headers: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let how = match method {
        "GET" => " -o answer -D -".to_owned(),
        "HEAD" => " -I".to_owned(),
        method => format!(" -i -X {method}"),
    };
    let headers = headers.iter().map(|(name, value)| format!(" -H {}", quoted(&format!("{name}: {value}"))));
    format!("curl -sS{how}{} {}", headers.collect::<String>(), quoted(url))
}
