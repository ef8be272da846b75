//! A file in chunks: each is made from one band of the picture, on demand.

use crate::account::{Account, Stage};
use crate::body::Body;
use crate::encode::StreamEncoder;
use crate::error::Error;
use crate::raster::{Raster, Sample};

/// The remaining chunks of a file, and the bands from which they are made.
pub(super) struct ChunkStream<I, S> {
    bands: I,
    /// None once it is finished or has failed.
    file: Option<Box<dyn StreamEncoder<S>>>,
    account: Account,
}

impl<'r, I, S> ChunkStream<I, S>
where
    I: Iterator<Item = Result<Raster<S>, Error>> + 'r,
    S: Sample,
{
    /// The chunks of `file`, the first of which is made.
    pub(super) fn begin(
        bands: I,
        file: Box<dyn StreamEncoder<S>>,
        account: Account,
    ) -> Result<Body<'r>, Error> {
        let mut stream = Self { bands, file: Some(file), account };
        let first = stream.next().transpose()?.map(Ok);
        Ok(Body::Chunks(Box::new(first.into_iter().chain(stream))))
    }
}

impl<I, S> Iterator for ChunkStream<I, S>
where
    I: Iterator<Item = Result<Raster<S>, Error>>,
{
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut file = self.file.take()?;
        self.account.end(Stage::Send);
        let rows = self.bands.next();
        self.account.end(Stage::Decode);
        let Some(rows) = rows else { return Some(file.end()) };
        let chunk = rows.and_then(|rows| file.add(rows));
        self.account.end(Stage::Encode);
        if chunk.is_ok() {
            self.file = Some(file);
        }
        Some(chunk)
    }
}
