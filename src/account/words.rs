//! The words in which an account is kept: each is a label of metrics, so its name stays.

use crate::error::{Busy, Error, Stopped};

/// An enumeration whose values have names.
macro_rules! words {
    ($(#[$about:meta])* $Name:ident { $($(#[$what:meta])* $Word:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name {
            $($(#[$what])* $Word,)+
        }

        impl $Name {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$Word),+];

            /// Its name in metrics.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Word => $name,)+
                }
            }
        }
    };
}

words! {
    /// A stage of the path of a request.
    Stage {
        /// Finding the master, and reading its headers if it is not known yet.
        Open = "open",
        /// All decisions, and waiting for memory.
        Plan = "plan",
        /// Taking a tile as it is stored, cutting or turning it.
        Copy = "copy",
        /// Decoding, and all that is done to pixels: colour, scale, turns.
        Decode = "decode",
        /// Writing the file, or info.json.
        Encode = "encode",
        /// Sending it, and waiting for it to be read.
        Send = "send",
    }
}

words! {
    /// How an answer was come by.
    #[derive(Default)]
    Way {
        /// A tile as it is stored.
        Stored = "stored",
        /// A tile as it is stored, cut at the edge of the image.
        Cut = "cut",
        /// A tile as it is stored, turned or made gray without loss.
        Turned = "turned",
        /// Pixels that were decoded.
        Decoded = "decoded",
        /// An info.json.
        Info = "info",
        /// What the client has is still fresh.
        Fresh = "not_modified",
        /// NGINX was led to the one spelling under which it is kept.
        Led = "led",
        /// The client was sent to info.json.
        Redirected = "redirected",
        /// NGINX was told that it is dear, to ask by another lane.
        Lane = "dear_lane",
        /// What the service says of itself.
        Status = "status",
        /// Anything else: errors.
        #[default]
        Refused = "refused",
    }
}

words! {
    /// The kind of file that a master is.
    Kind {
        /// TIFF.
        Tiff = "tiff",
        /// JPEG 2000.
        Jp2 = "jp2",
        /// JPEG.
        Jpeg = "jpeg",
        /// PNG.
        Png = "png",
        /// GIF.
        Gif = "gif",
        /// BMP.
        Bmp = "bmp",
        /// WebP.
        Webp = "webp",
    }
}

words! {
    /// Why a request was answered with 503.
    NoPlace {
        /// It would have waited too long for a worker in the background.
        Queue = "queue",
        /// It has waited too long there.
        Waited = "waited",
        /// The requests in work hold all memory that they may, or that there is.
        Memory = "memory",
        /// The file system of the master does not answer.
        Mount = "mount",
        /// The store of the master does not give it, or it cannot be fetched.
        Store = "store",
        /// It took too long before, and is not tried again for a while.
        Rest = "quarantine",
        /// It took longer than it may.
        Deadline = "deadline",
    }
}

words! {
    /// What makes a request dear that another master, or another request, would spare.
    Hindrance {
        /// The master is a flat file: to show a part of it, much more than that is decoded.
        Flat = "a flat file, without tiles: convert it to a tiled pyramid",
        /// It has no smaller level of the size that was asked for.
        NoLevels = "no smaller levels: far more pixels are decoded than shown; give it a pyramid",
        /// It is stored in strips.
        Strips = "stored in strips: give it tiles",
        /// Its tiles are large.
        LargeTiles = "large tiles, all of each is decoded: 256 or 512 pixels are better",
        /// Nothing in it tells where its packets are.
        NoPlt = "no PLT markers: all packet headers have to be read to find one; write it with PLT",
        /// It is compressed by something slow.
        SlowCodec = "compressed by a method that is slow to decode",
        /// Much was asked for.
        LargePicture = "a large picture was asked for",
        /// It was turned by an angle that is no quarter.
        Tilt = "a turn by an angle that is no quarter",
        /// The format that was asked for takes long to write.
        SlowFormat = "a format that takes long to write",
    }
}

impl NoPlace {
    /// Why there was none, if that is what the error says.
    pub fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::Busy { why, .. } => match why {
                Busy::Queue => Self::Queue,
                Busy::Waited => Self::Waited,
                Busy::Budget | Busy::Memory => Self::Memory,
                Busy::Mount => Self::Mount,
                Busy::Rest => Self::Rest,
                Busy::StoreDown
                | Busy::StoreSlow
                | Busy::StoreThrottles
                | Busy::StoreRefuses
                | Busy::StoreLies
                | Busy::BlockCache
                | Busy::Fetcher => Self::Store,
            },
            Error::Away => Self::Store,
            Error::Stopped(Stopped::OverBudget) => Self::Deadline,
            _ => return None,
        })
    }
}
