//! What the other models refuse is not refused by keeping nothing.

use crate::flaw::Flaw;
use crate::node::{Node, Record};
use crate::trial::holds;

fn model() {
    let node = Node::new();
    assert_eq!(node.hit(), None);
    node.look_up();
    assert_eq!(node.hit(), Some(Record::Valid));
    assert_eq!(node.find_or_join(|| true), (Some(Record::Valid), true));

    for forget in [Node::change_another, Node::invalidate, Node::invalidate_all, Node::evict] {
        forget(&node);
        assert_eq!(node.hit(), None);
        node.find_or_join(|| true);
        assert_eq!(node.hit(), Some(Record::Valid));
    }

    node.revoke();
    assert_eq!(node.hit(), None);
    node.look_up();
    assert_eq!(node.hit(), Some(Record::Revoked));

    node.leave_a_revocation();
    node.look_up();
    assert_eq!(node.hit(), None, "kept in the quiet time");
    node.grow_late(2);
    node.look_up();
    assert_eq!(node.hit(), Some(Record::Revoked), "not kept after the quiet time");
    node.grow_late(4);
    assert_eq!(node.hit(), None, "older than it may be");
}

#[test]
fn a_node_by_itself_answers_from_memory() {
    holds(1, Flaw::None, model);
}
