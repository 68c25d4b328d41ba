//! Nodes: places for pods that come late and go late. An environment, not a cluster autoscaler's decision.
//!
//! A pod goes to the node with the most room, the oldest of several (the scheduler's default spreads likewise). For pods
//! without a place nodes are ordered at once, in groups of `added_together`, less the room already on its way, and never
//! beyond `most`; they come `provisioning_s` later. A node that has been empty for `idle_removal_s` goes, the youngest
//! first, never below `fewest`.

use std::collections::VecDeque;

use super::scenario::Nodes;

#[derive(Clone, Debug)]
pub(super) struct Yard {
    rules: Nodes,
    /// Oldest first, so by id.
    nodes: Vec<Node>,
    /// When each ordered node comes, soonest first.
    coming: VecDeque<i64>,
    next: u32,
}

#[derive(Clone, Debug)]
struct Node {
    id: u32,
    /// Places taken by other workloads.
    others: u32,
    pods: u32,
    idle_since: Option<i64>,
}

impl Node {
    fn room(&self, places: u32) -> u32 {
        places.saturating_sub(self.others).saturating_sub(self.pods)
    }
}

impl Yard {
    pub(super) fn new(rules: &Nodes) -> Self {
        let first = rules.at_start.max(1);
        let nodes = (0..rules.at_start).map(|id| Node {
            id,
            others: rules.other_pods / first + u32::from(id < rules.other_pods % first),
            pods: 0,
            idle_since: None,
        });
        Self { rules: rules.clone(), nodes: nodes.collect(), coming: VecDeque::new(), next: rules.at_start }
    }

    /// Nodes that run.
    pub(super) fn len(&self) -> i32 {
        i32::try_from(self.nodes.len()).unwrap_or(i32::MAX)
    }

    /// Takes the place for one pod, when there is one; gives the node's id.
    pub(super) fn take(&mut self) -> Option<u32> {
        let places = self.rules.pods_per_node;
        let node = self.nodes.iter_mut().rev().max_by_key(|node| node.room(places))?;
        (node.room(places) > 0).then(|| {
            node.pods += 1;
            node.id
        })
    }

    /// Gives a place back.
    pub(super) fn give(&mut self, id: u32) {
        if let Ok(index) = self.nodes.binary_search_by_key(&id, |node| node.id)
            && let Some(node) = self.nodes.get_mut(index)
        {
            node.pods = node.pods.saturating_sub(1);
        }
    }

    /// Nodes ordered long enough ago come.
    pub(super) fn arrive(&mut self, now_s: i64) {
        while self.coming.pop_front_if(|at| *at <= now_s).is_some() {
            self.nodes.push(Node { id: self.next, others: 0, pods: 0, idle_since: None });
            self.next = self.next.saturating_add(1);
        }
    }

    /// Orders nodes for `pending` pods.
    pub(super) fn order(&mut self, pending: usize, now_s: i64) {
        let most = usize::try_from(self.rules.most).unwrap_or(usize::MAX);
        let together = usize::try_from(self.rules.added_together).unwrap_or(1).max(1);
        let places = usize::try_from(self.rules.pods_per_node).unwrap_or(1).max(1);
        let missing = pending.div_ceil(places).saturating_sub(self.coming.len());
        let room = most.saturating_sub(self.nodes.len() + self.coming.len());
        for _ in 0..missing.next_multiple_of(together).min(room) {
            self.coming.push_back(now_s + i64::from(self.rules.provisioning_s));
        }
    }

    /// Nodes idle for long enough go.
    pub(super) fn retire(&mut self, now_s: i64) {
        let mut spare = self.nodes.len().saturating_sub(usize::try_from(self.rules.fewest).unwrap_or(usize::MAX));
        let patience = i64::from(self.rules.idle_removal_s);
        for node in &mut self.nodes {
            if node.pods > 0 || node.others > 0 {
                node.idle_since = None;
            } else {
                node.idle_since = node.idle_since.or(Some(now_s));
            }
        }
        for index in (0..self.nodes.len()).rev() {
            let idle = self.nodes.get(index).and_then(|node| node.idle_since);
            if spare > 0 && idle.is_some_and(|since| now_s - since >= patience) {
                self.nodes.remove(index);
                spare -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_spread_over_the_room_that_others_leave() {
        let mut yard = Yard::new(&rules());
        let taken: Vec<Option<u32>> = (0..9).map(|_| yard.take()).collect();
        assert_eq!(taken, [Some(4), Some(5), Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None]);
        yard.give(2);
        assert_eq!((yard.take(), yard.take()), (Some(2), None));
        yard.give(99);
        assert_eq!(yard.take(), None);
    }

    #[test]
    fn nodes_are_ordered_in_groups_once_and_come_after_their_time() {
        let mut yard = Yard::new(&rules());
        yard.order(4, 100);
        yard.order(4, 101);
        yard.order(6, 102);
        yard.arrive(249);
        assert_eq!(yard.len(), 6);
        yard.arrive(250);
        assert_eq!(yard.len(), 9);
        yard.arrive(1_000);
        assert_eq!(yard.len(), 9);
    }

    #[test]
    fn more_pods_order_one_more_group_and_never_beyond_the_most() {
        let mut yard = Yard::new(&rules());
        yard.order(7, 0);
        yard.arrive(150);
        assert_eq!(yard.len(), 10, "two groups of three, cut at 10");
        yard.order(100, 150);
        yard.arrive(1_000);
        assert_eq!(yard.len(), 10);
    }

    #[test]
    fn an_idle_node_goes_after_its_time_down_to_the_fewest() {
        let mut yard = Yard::new(&rules());
        yard.order(1, 0);
        yard.arrive(150);
        yard.retire(150);
        yard.retire(749);
        assert_eq!(yard.len(), 9);
        yard.retire(750);
        assert_eq!(yard.len(), 6, "nodes 4 and 5 are idle too, and are the fewest");
    }

    #[test]
    fn a_node_in_use_is_not_idle() {
        let mut yard = Yard::new(&Nodes { fewest: 0, other_pods: 0, at_start: 1, ..rules() });
        let node = yard.take().expect("room");
        yard.retire(0);
        yard.retire(10_000);
        assert_eq!(yard.len(), 1);
        yard.give(node);
        yard.retire(10_001);
        yard.retire(10_600);
        assert_eq!(yard.len(), 1);
        yard.retire(10_601);
        assert_eq!(yard.len(), 0);
        assert_eq!(yard.take(), None);
    }

    #[test]
    fn a_node_with_pods_of_others_is_never_idle() {
        let mut yard = Yard::new(&Nodes { fewest: 0, ..rules() });
        yard.retire(0);
        yard.retire(600);
        assert_eq!(yard.len(), 4, "the last two were empty");
        yard.retire(10_000);
        assert_eq!(yard.len(), 4);
    }

    fn rules() -> Nodes {
        Nodes {
            pods_per_node: 2,
            other_pods: 4,
            at_start: 6,
            fewest: 6,
            most: 10,
            added_together: 3,
            provisioning_s: 150,
            idle_removal_s: 600,
        }
    }
}
