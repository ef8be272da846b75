//! Turns, mirrors and grays of a JPEG stream on its coefficients, by libjpeg-turbo. Blocks that would have to be cut
//! through make it a job for the decoder.

use turbojpeg::{Transform, TransformOp, Transformer};

use super::Layout;
use crate::picture::Orientation;
use crate::reused::Reused;

/// The stream turned, and gray if it is asked for; nothing if that cannot be done without loss.
pub(crate) fn turned(
    reused: &mut Reused<Transformer>,
    stream: &[u8],
    turn: Orientation,
    gray: bool,
) -> Option<Vec<u8>> {
    let mut transform = Transform::op(operation(turn));
    transform.perfect = true;
    transform.gray = gray;
    transform.copy_none = true;
    let turned = reused.with(Transformer::new, |turner| turner.transform_to_vec(&transform, stream)).ok()?;
    // Where there is no luma to keep, libjpeg-turbo keeps the colours.
    let is_gray = || Layout::read(&turned).is_some_and(|jpeg| jpeg.components.len() == 1);
    (!gray || is_gray()).then_some(turned)
}

fn operation(turn: Orientation) -> TransformOp {
    match (turn.mirrored, turn.quarters % 4) {
        (false, 1) => TransformOp::Rot90,
        (false, 2) => TransformOp::Rot180,
        (false, 3) => TransformOp::Rot270,
        (true, 0) => TransformOp::Hflip,
        (true, 1) => TransformOp::Transverse,
        (true, 2) => TransformOp::Vflip,
        (true, _) => TransformOp::Transpose,
        (false, _) => TransformOp::None,
    }
}
