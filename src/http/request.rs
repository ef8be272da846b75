//! A request as CGI parameters. Pure.
//! CGI 1.1 (RFC 3875) section 4.1; what NGINX adds for Recto (`RECTO_...`) stands in `nginx/location.conf`.

/// What a client asked for: method, URL and headers, each by its CGI name, and what NGINX adds to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    params: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    /// A request with these names and values, in the order of their arrival. They are arbitrary bytes.
    pub fn new(params: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self { params }
    }

    /// A request with copies of these parameters.
    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let owned = |(name, value): (N, V)| (name.as_ref().to_vec(), value.as_ref().to_vec());
        Self::new(pairs.into_iter().map(owned).collect())
    }

    /// All names and values.
    pub fn params(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.params.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    /// The value of the first parameter of this name.
    pub fn param(&self, name: &str) -> Option<&[u8]> {
        self.params.iter().find(|(n, _)| n == name.as_bytes()).map(|(_, value)| &value[..])
    }
}
