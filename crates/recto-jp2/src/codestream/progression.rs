//! The order of the packets of a tile (T.800 B.12).
//! Pure on the layout. Orders by position are sorts of the precincts: their cost follows the number of precincts, not
//! that of positions.

use std::ops::Range;

use super::layout::{Resolution, Tile, TileComponent};
use super::{Coding, Progression, ProgressionChange};

/// Which packet of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Its layer.
    pub layer: u16,
    /// Its resolution, 0 for the lowest.
    pub resolution: u8,
    /// Its component.
    pub component: u16,
    /// Its precinct in the resolution.
    pub precinct: u32,
}

/// The packets of a tile in the order in which they come, each of them once. Packets that no progression volume holds
/// do not come.
pub fn packets<'a>(tile: &'a Tile, coding: &'a Coding) -> impl Iterator<Item = Packet> + 'a {
    let changed = !coding.changes.is_empty();
    let volumes = if changed { coding.changes.clone() } else { vec![everything(coding)] };
    // Number of layers of each precinct that volumes before have held.
    let mut sent = vec![0; if changed { tile.precincts as usize } else { 0 }];
    volumes.into_iter().flat_map(|volume| Walk::new(tile, &volume, coding.layers)).filter(move |packet| {
        let place = changed.then(|| {
            let component = &tile.components[usize::from(packet.component)];
            let first = component.resolutions[usize::from(packet.resolution)].first_precinct;
            &mut sent[(first + packet.precinct) as usize]
        });
        place.is_none_or(|sent| match packet.layer == *sent {
            true => {
                *sent += 1;
                true
            }
            false => false,
        })
    })
}

/// The volume of all packets.
fn everything(coding: &Coding) -> ProgressionChange {
    ProgressionChange {
        progression: coding.progression,
        resolutions: 0..u8::MAX,
        components: 0..coding.components.len() as u16,
        layers: coding.layers,
    }
}

/// The packets of one volume: groups of precincts, and for each group all layers.
struct Walk {
    progression: Progression,
    layers: u16,
    precincts: Vec<Precinct>,
    /// The group that is walked, the layer of it, and the next precinct in it.
    group: Range<usize>,
    layer: u16,
    at: usize,
}

/// One precinct of a tile.
#[derive(Clone, Copy)]
struct Precinct {
    resolution: u8,
    component: u16,
    number: u32,
}

impl Walk {
    fn new(tile: &Tile, volume: &ProgressionChange, layers: u16) -> Self {
        let layers = volume.layers.min(layers);
        let precincts = if layers == 0 { Vec::new() } else { in_order(tile, volume) };
        let mut walk =
            Self { progression: volume.progression, layers, precincts, group: 0..0, layer: 0, at: 0 };
        walk.group = walk.group_from(0);
        walk
    }

    /// The precincts from `start` that come together in each layer.
    fn group_from(&self, start: usize) -> Range<usize> {
        let rest = &self.precincts[start..];
        let length = match self.progression {
            Progression::Lrcp => rest.len(),
            Progression::Rlcp => {
                let resolution = rest.first().map_or(0, |precinct| precinct.resolution);
                rest.partition_point(|precinct| precinct.resolution == resolution)
            }
            _ => rest.len().min(1),
        };
        start..start + length
    }
}

impl Iterator for Walk {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        if self.at == self.group.end {
            if self.layer + 1 < self.layers {
                self.layer += 1;
            } else {
                self.layer = 0;
                self.group = self.group_from(self.group.end);
            }
            self.at = self.group.start;
        }
        let precinct = self.precincts.get(self.at)?;
        self.at += 1;
        let Precinct { resolution, component, number } = *precinct;
        Some(Packet { layer: self.layer, resolution, component, precinct: number })
    }
}

/// The precincts of a volume in the order of its progression, layers aside.
fn in_order(tile: &Tile, volume: &ProgressionChange) -> Vec<Precinct> {
    let most = tile.components.iter().map(|component| component.resolutions.len()).max().unwrap_or(0);
    let resolutions = volume.resolutions.start.into()..most.min(volume.resolutions.end.into());
    let components = volume.components.start.into()..tile.components.len().min(volume.components.end.into());
    let by_resolution = || resolutions.clone().flat_map(|r| components.clone().map(move |c| (r, c)));
    let by_component = || components.clone().flat_map(|c| resolutions.clone().map(move |r| (r, c)));
    match volume.progression {
        Progression::Lrcp | Progression::Rlcp => by_resolution().flat_map(|(r, c)| all(tile, r, c)).collect(),
        Progression::Rpcl => resolutions
            .clone()
            .flat_map(|r| by_position(tile, components.clone().map(move |c| (r, c))))
            .collect(),
        Progression::Pcrl => by_position(tile, by_component()),
        Progression::Cprl => components
            .clone()
            .flat_map(|c| by_position(tile, resolutions.clone().map(move |r| (r, c))))
            .collect(),
    }
}

/// The precincts of a resolution of a component along rows, if the component has that resolution.
fn all(tile: &Tile, resolution: usize, component: usize) -> impl Iterator<Item = Precinct> + use<> {
    let count = tile.components[component].resolutions.get(resolution).map_or(0, Resolution::precincts);
    let of = move |number| Precinct { resolution: resolution as u8, component: component as u16, number };
    (0..count).map(of)
}

/// The precincts of these resolutions and components by their place on the reference grid, row by row; in this order
/// where several have the same place.
fn by_position(tile: &Tile, grids: impl Iterator<Item = (usize, usize)>) -> Vec<Precinct> {
    let mut placed: Vec<(u64, Precinct)> = Vec::new();
    for (r, c) in grids {
        let component = &tile.components[c];
        let Some(resolution) = component.resolutions.get(r) else { continue };
        let levels = (component.resolutions.len() - 1 - r) as u8;
        let columns: Vec<u64> = (0..resolution.columns)
            .map(|column| across(tile, component, resolution, levels, column))
            .collect();
        let rows = (0..resolution.rows).map(|row| down(tile, component, resolution, levels, row) << 32);
        let places = rows.flat_map(|row| columns.iter().map(move |column| row | column));
        placed.extend(places.zip(all(tile, r, c)));
    }
    // Stable, and quick on what comes as a few sorted runs.
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, precinct)| precinct).collect()
}

/// The column of the reference grid at which a column of precincts comes, `levels` below the full resolution.
/// That of its left edge, but within the tile: so it has 32 bits.
fn across(tile: &Tile, component: &TileComponent, resolution: &Resolution, levels: u8, column: u32) -> u64 {
    let log = resolution.precinct.0;
    let edge = u64::from((resolution.rect.x >> log) + column) << (log + levels);
    (edge * u64::from(component.step.0)).max(tile.rect.x.into())
}

/// The row of the reference grid at which a row of precincts comes; as [`across`].
fn down(tile: &Tile, component: &TileComponent, resolution: &Resolution, levels: u8, row: u32) -> u64 {
    let log = resolution.precinct.1;
    let edge = u64::from((resolution.rect.y >> log) + row) << (log + levels);
    (edge * u64::from(component.step.1)).max(tile.rect.y.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codestream::Component;
    use crate::codestream::tests::{component_coding, header};
    use crate::geometry::{Dimensions, Rect};

    /// The same order by the loops of T.800 B.12.1, over every place of the reference grid.
    fn plain(tile: &Tile, coding: &Coding) -> Vec<Packet> {
        let whole = vec![everything(coding)];
        let volumes = if coding.changes.is_empty() { &whole } else { &coding.changes };
        let mut packets = Vec::new();
        for volume in volumes {
            let levels = coding.components.iter().map(|component| component.levels).max().unwrap_or(0);
            let layers = || 0..volume.layers.min(coding.layers);
            let resolutions = || volume.resolutions.start..volume.resolutions.end.min(levels + 1);
            let components = || volume.components.clone();
            let places = || {
                let rows = tile.rect.y..tile.rect.bottom();
                rows.flat_map(|y| (tile.rect.x..tile.rect.right()).map(move |x| (x, y)))
            };
            let mut add = |layer, resolution, component, precinct| {
                let packet = Packet { layer, resolution, component, precinct };
                if !packets.contains(&packet) {
                    packets.push(packet);
                }
            };
            let count = |r: u8, c: u16| {
                let resolutions = &tile.components[usize::from(c)].resolutions;
                0..resolutions.get(usize::from(r)).map_or(0, Resolution::precincts)
            };
            let at = |place, r, c| precinct_at(tile, coding, place, r, c);
            match volume.progression {
                Progression::Lrcp => layers().for_each(|l| {
                    resolutions()
                        .for_each(|r| components().for_each(|c| count(r, c).for_each(|p| add(l, r, c, p))))
                }),
                Progression::Rlcp => resolutions().for_each(|r| {
                    layers()
                        .for_each(|l| components().for_each(|c| count(r, c).for_each(|p| add(l, r, c, p))))
                }),
                Progression::Rpcl => resolutions().for_each(|r| {
                    places().for_each(|place| {
                        components().for_each(|c| {
                            at(place, r, c).into_iter().for_each(|p| layers().for_each(|l| add(l, r, c, p)))
                        })
                    })
                }),
                Progression::Pcrl => places().for_each(|place| {
                    components().for_each(|c| {
                        resolutions().for_each(|r| {
                            at(place, r, c).into_iter().for_each(|p| layers().for_each(|l| add(l, r, c, p)))
                        })
                    })
                }),
                Progression::Cprl => components().for_each(|c| {
                    places().for_each(|place| {
                        resolutions().for_each(|r| {
                            at(place, r, c).into_iter().for_each(|p| layers().for_each(|l| add(l, r, c, p)))
                        })
                    })
                }),
            }
        }
        packets
    }

    /// The precinct that comes at a place of the reference grid (T.800 B.12.1.3 and B-20).
    fn precinct_at(tile: &Tile, coding: &Coding, (x, y): (u32, u32), r: u8, c: u16) -> Option<u32> {
        let component = &tile.components[usize::from(c)];
        let resolution = component.resolutions.get(usize::from(r)).filter(|of| of.precincts() > 0)?;
        let below = coding.components[usize::from(c)].levels - r;
        let comes = |at: u32, start: u32, step: u32, log: u8, first: u32| {
            at.is_multiple_of(step << (log + below))
                || at == start && !(first << below).is_multiple_of(1 << (log + below))
        };
        let ((dx, dy), (across, down)) = (component.step, resolution.precinct);
        let comes_at = comes(x, tile.rect.x, dx, across, resolution.rect.x)
            && comes(y, tile.rect.y, dy, down, resolution.rect.y);
        let number =
            |at: u32, step: u32, log: u8, first: u32| (at.div_ceil(step << below) >> log) - (first >> log);
        comes_at.then(|| {
            number(x, dx, across, resolution.rect.x)
                + number(y, dy, down, resolution.rect.y) * resolution.columns
        })
    }

    fn orders() -> impl Strategy<Value = Progression> {
        use Progression::{Cprl, Lrcp, Pcrl, Rlcp, Rpcl};
        prop::sample::select(vec![Lrcp, Rlcp, Rpcl, Pcrl, Cprl])
    }

    fn changes() -> impl Strategy<Value = ProgressionChange> {
        (orders(), 0u8..4, 0u8..5, 0u16..3, 0u16..3, 0u16..4).prop_map(
            |(progression, r, to_r, c, to_c, layers)| ProgressionChange {
                progression,
                resolutions: r..to_r,
                components: c..to_c,
                layers,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn packets_come_in_the_order_of_the_standard(
            (x, y, width, height) in (0u32..40, 0u32..40, 1u32..50, 1u32..50),
            steps in prop::collection::vec((1u8..4, 1u8..4), 2),
            levels in prop::collection::vec(0u8..4, 2),
            precincts in prop::collection::vec((1u8..6, 1u8..6), 8),
            (progression, layers) in (orders(), 1u16..4),
            changes in prop::collection::vec(changes(), 0..3),
        ) {
            let image = Rect::new(x, y, width, height);
            let mut header = header(image, (0, 0), Dimensions::new(x + width, y + height));
            header.components = steps
                .iter()
                .map(|(dx, dy)| Component { precision: 8, signed: false, dx: u32::from(*dx), dy: u32::from(*dy) })
                .collect();
            let mut coding = Coding { progression, layers, changes, ..header.coding.clone() };
            coding.components = levels.iter().map(|levels| component_coding(*levels)).collect();
            for (component, precincts) in coding.components.iter_mut().zip(precincts.chunks(4)) {
                component.precincts.copy_from_slice(&precincts[..=usize::from(component.levels)]);
            }
            let tile = Tile::new(&header, 0, &coding).expect("a tile");
            let found: Vec<_> = packets(&tile, &coding).collect();
            prop_assert_eq!(found, plain(&tile, &coding));
        }
    }
}
