//! Indexes that are saved as bytes and restored.

use recto_jp2::Index;
use recto_jp2::internals::Precinct;

use super::index::{precincts, samples};
use crate::format::jp2::openjpeg::sample::Sample;

fn restored(codestream: &[u8], state: &[u8]) -> Index {
    let mut index = Index::read(codestream).expect("an index");
    index.restore_index(state);
    index
}

#[test]
fn a_restored_index_spares_reading_packet_headers() {
    for mut sample in samples() {
        sample.plt = false;
        let codestream = sample.codestream();
        let index = Index::read(&codestream).expect("an index");
        assert_eq!(index.to_bytes(), None, "nothing was read yet");
        let first: Vec<_> =
            (0..index.header.tiles()).map(|tile| precincts(&index, &codestream, tile)).collect();
        let state = index.to_bytes().expect("a state");
        let again = restored(&codestream, &state);
        let second: Vec<_> =
            (0..again.header.tiles()).map(|tile| precincts(&again, &codestream, tile)).collect();
        assert!(first == second, "{sample:?}");
        assert_eq!(again.to_bytes(), None, "nothing was read anew: {sample:?}");
    }
}

#[test]
fn a_made_up_index_is_found_out() {
    let codestream = Sample { progression: 2, layers: 2, ..Sample::default() }.codestream();
    let index = Index::read(&codestream).expect("an index");
    let right = precincts(&index, &codestream, 0);
    let state = index.to_bytes().expect("a state");
    for at in 0..state.len() {
        let mut damaged = state.clone();
        damaged[at] ^= 0x11;
        for wrong in [&damaged[..], &state[..at]] {
            let found = precincts(&restored(&codestream, wrong), &codestream, 0);
            assert_eq!(found.len(), right.len());
            let whole = |precinct: &Result<Precinct, _>| precinct.is_ok();
            assert!(found.iter().all(whole), "packet headers are read instead: byte {at}");
        }
    }
}
