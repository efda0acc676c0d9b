//! Tiles that are alike because they come from one place: none judges what learnt from its neighbours.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::samples::class_counts;
use super::split::Split;

/// Which labelled tiles are alike for where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The group of each tile, by any number that the others of its group have, too.
    pub of_tile: Vec<usize>,
    /// Tiles of different groups that must not judge each other either: they see the same ground, or adjoin.
    pub touching: Vec<[usize; 2]>,
}

impl Groups {
    /// Groups whose tiles touch those of no other.
    pub fn new(of_tile: Vec<usize>) -> Self {
        Self { of_tile, touching: Vec::new() }
    }

    /// Number of groups.
    pub fn count(&self) -> usize {
        self.of_tile.iter().collect::<BTreeSet<_>>().len()
    }

    /// `count` splits, or fewer, in which a group is never on both sides.
    ///
    /// Groups are dealt out class by class, beginning with the class that has the fewest; of its groups that are not dealt
    /// yet, the one with most tiles of the class comes first, of equal ones any. It goes to the part that has the smallest
    /// shares of the group's classes, each weighed by the group's share of it, of equal ones to that with the fewest tiles;
    /// but never to a part that holds all of the class so far. So a class of two groups is on both sides, unless other
    /// classes dealt all of them to one part; a class of one group always trains, unless another class has the group dealt.
    ///
    /// A split learns from no tile that touches a tile of the groups that judge, or is a copy of one (`originals` is
    /// [`Samples::originals`](super::samples::Samples::originals)). Tiles whose class is then not learnt at all judge
    /// nothing there; without two classes to learn, there is no such split.
    pub fn folds(&self, labels: &[usize], originals: &[usize], count: usize, seed: u64) -> Vec<Split> {
        let part_of = self.deal(labels, count, seed);
        (0..count)
            .filter_map(|part| self.split(labels, originals, |group| part_of.get(&group) == Some(&part)))
            .collect()
    }

    /// The part that each group judges in; none for a group that always trains.
    fn deal(&self, labels: &[usize], count: usize, seed: u64) -> BTreeMap<usize, usize> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let num_classes = labels.iter().max().map_or(0, |largest| largest + 1);
        let shares = self.shares(labels, num_classes);
        let groups_of =
            |class: usize| shares.iter().filter(move |(_, of)| of[class] > 0.0).map(|(&group, _)| group);
        let mut classes: Vec<(usize, Vec<usize>)> = (0..num_classes)
            .map(|class| (class, groups_of(class).collect::<Vec<_>>()))
            .filter(|(_, groups)| groups.len() > 1)
            .collect();
        classes.sort_by_key(|(_, groups)| groups.len());
        let mut part_of = BTreeMap::new();
        let mut parts = vec![Part { shares: vec![0.0; num_classes], tiles: 0 }; count];
        for (class, mut groups) in classes {
            groups.shuffle(&mut random);
            groups.sort_by(|a, b| shares[b][class].total_cmp(&shares[a][class]));
            for group in groups {
                if part_of.contains_key(&group) {
                    continue;
                }
                let dealt: f64 = parts.iter().map(|part| part.shares[class]).sum();
                let holds_all = |part: &Part| dealt > 0.0 && part.shares[class] == dealt;
                let (chosen, part) = parts
                    .iter_mut()
                    .enumerate()
                    .min_by(|(_, a), (_, b)| {
                        holds_all(a)
                            .cmp(&holds_all(b))
                            .then(a.in_common(&shares[&group]).total_cmp(&b.in_common(&shares[&group])))
                            .then(a.tiles.cmp(&b.tiles))
                    })
                    .expect("there are parts");
                part_of.insert(group, chosen);
                part.shares.iter_mut().zip(&shares[&group]).for_each(|(sum, share)| *sum += share);
                part.tiles += self.of_tile.iter().filter(|&&found| found == group).count();
            }
        }
        part_of
    }

    /// What each group has of the tiles of each class.
    fn shares(&self, labels: &[usize], num_classes: usize) -> BTreeMap<usize, Vec<f64>> {
        let counts = class_counts(labels, num_classes);
        let mut shares: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (&label, &group) in labels.iter().zip(&self.of_tile) {
            shares.entry(group).or_insert_with(|| vec![0.0; num_classes])[label] +=
                1.0 / counts[label] as f64;
        }
        shares
    }

    /// The split that these groups judge; none where nothing could judge.
    fn split(&self, labels: &[usize], originals: &[usize], judges: impl Fn(usize) -> bool) -> Option<Split> {
        let is_held: Vec<bool> = self.of_tile.iter().map(|&group| judges(group)).collect();
        let held_originals: HashSet<usize> = originals
            .iter()
            .zip(&is_held)
            .filter(|(_, held)| **held)
            .map(|(&original, _)| original)
            .collect();
        let mut learns: Vec<bool> =
            originals.iter().map(|original| !held_originals.contains(original)).collect();
        for &[a, b] in &self.touching {
            learns[a] &= !is_held[b];
            learns[b] &= !is_held[a];
        }
        let training: Vec<usize> = (0..labels.len()).filter(|&tile| learns[tile]).collect();
        let learnt: HashSet<usize> = training.iter().map(|&tile| labels[tile]).collect();
        let can_judge = |&tile: &usize| is_held[tile] && learnt.contains(&labels[tile]);
        let validation: Vec<usize> = (0..labels.len()).filter(can_judge).collect();
        (learnt.len() > 1 && !validation.is_empty()).then_some(Split { training, validation })
    }
}

/// Groups that judge together.
#[derive(Clone)]
struct Part {
    /// What they have of each class.
    shares: Vec<f64>,
    tiles: usize,
}

impl Part {
    /// How much of its classes a group finds here already.
    fn in_common(&self, group: &[f64]) -> f64 {
        self.shares.iter().zip(group).map(|(here, there)| here * there).sum()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    fn alone(tiles: usize) -> Vec<usize> {
        (0..tiles).collect()
    }

    /// 300 tiles of four classes in 40 groups, each of which has mostly one of them.
    fn drawn() -> (Vec<usize>, Groups) {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let of_tile: Vec<usize> = (0..300).map(|_| random.random_range(0..40)).collect();
        let odd = |random: &mut ChaCha8Rng| random.random_range(0..10) == 0;
        let labels = of_tile.iter().map(|group| if odd(&mut random) { 0 } else { group % 4 }).collect();
        (labels, Groups::new(of_tile))
    }

    #[test]
    fn no_group_is_on_both_sides_every_class_is_and_every_tile_judges_once() {
        let (labels, groups) = drawn();
        let folds = groups.folds(&labels, &alone(300), 5, 1);
        assert_eq!(folds.len(), 5);
        let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
        judged.sort_unstable();
        assert_eq!(judged, alone(300));
        for Split { training, validation } in &folds {
            let of = |tiles: &[usize]| tiles.iter().map(|&tile| groups.of_tile[tile]).collect::<HashSet<_>>();
            assert!(of(training).is_disjoint(&of(validation)));
            assert_eq!(training.len() + validation.len(), 300);
            for side in [training, validation] {
                let classes: Vec<usize> = side.iter().map(|&tile| labels[tile]).collect();
                assert!(class_counts(&classes, 4).iter().all(|&count| count > 0));
            }
        }
        assert_eq!(folds, groups.folds(&labels, &alone(300), 5, 1));
        assert_ne!(folds, groups.folds(&labels, &alone(300), 5, 2));
    }

    #[test]
    fn a_class_of_two_groups_judges_and_is_learnt_and_one_of_one_group_judges_nothing() {
        // Class 0 in the groups 0 and 1, class 1 in the groups 2 to 9, class 2 in the group 10 alone.
        let of_tile: Vec<usize> = [0, 0, 0, 1].into_iter().chain(2..10).chain([10, 10]).collect();
        let labels: Vec<usize> =
            of_tile.iter().map(|&group| [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2][group]).collect();
        let folds = Groups::new(of_tile).folds(&labels, &alone(14), 5, 0);
        for Split { training, validation } in &folds {
            assert!(training.contains(&12) && training.contains(&13));
            for class in validation.iter().map(|&tile| labels[tile]) {
                assert!(training.iter().any(|&tile| labels[tile] == class));
            }
        }
        assert_eq!(folds.iter().map(|fold| fold.validation.len()).sum::<usize>(), 12);
        // All of a class in one group, which another class has dealt out: it is on neither side there.
        let folds = Groups::new(vec![0, 0, 1, 2, 3]).folds(&[0, 1, 0, 2, 2], &alone(5), 5, 0);
        assert!(folds.iter().all(|fold| !fold.validation.contains(&1)));
        assert!(folds.iter().any(|fold| !fold.training.contains(&1)));
        assert!(Groups::new(vec![0, 0, 1, 1]).folds(&[0, 0, 1, 1], &alone(4), 5, 0).is_empty());
    }

    #[test]
    fn what_touches_a_judge_or_is_a_copy_of_one_is_not_learnt_from() {
        let (labels, mut groups) = drawn();
        groups.touching = (1..300).step_by(7).map(|tile| [tile - 1, tile]).collect();
        let mut originals = alone(300);
        (originals[200], originals[77]) = (10, 10);
        let folds = groups.folds(&labels, &originals, 5, 1);
        for Split { training, validation } in &folds {
            let [learns, judges] =
                [training, validation].map(|side| side.iter().copied().collect::<HashSet<_>>());
            for &[a, b] in groups.touching.iter().chain(&[[10, 200], [10, 77], [77, 200]]) {
                assert!(!(learns.contains(&a) && judges.contains(&b)), "{a} {b}");
                assert!(!(learns.contains(&b) && judges.contains(&a)), "{a} {b}");
            }
        }
        assert_eq!(folds.iter().map(|fold| fold.validation.len()).sum::<usize>(), 300);
    }
}
