//! Another node revokes, and a bus says so: once it has been passed on, what was read before is not answered.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn model(pass_on: fn(&Node)) {
    let (node, passed_on) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let look_up = thread::spawn({
        let node = Arc::clone(&node);
        move || node.look_up()
    });
    let follow = thread::spawn({
        let (node, passed_on) = (Arc::clone(&node), Arc::clone(&passed_on));
        move || {
            node.write();
            pass_on(&node);
            passed_on.tell();
        }
    });
    let change = thread::spawn({
        let node = Arc::clone(&node);
        move || node.change_another()
    });
    if passed_on.heard() {
        refuse(node.hit());
    }
    look_up.join().unwrap();
    follow.join().unwrap();
    change.join().unwrap();
    refuse(node.hit());
}

fn one() {
    model(Node::invalidate);
}

fn all() {
    model(Node::invalidate_all);
}

#[test]
fn what_was_read_before_is_not_answered() {
    for model in [one, all] {
        holds(2, Flaw::None, model);
    }
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_was_read_before_is_not_answered_however_often_they_alternate() {
    for model in [one, all] {
        holds(4, Flaw::None, model);
    }
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::RemoveOnly, Flaw::VersionAfterFind, Flaw::RelaxedLoads, Flaw::RelaxedTicks] {
        is_found(2, flaw, one);
        is_found(2, flaw, all);
    }
    // Of an id, nobody else raises the place here.
    is_found(2, Flaw::StoredRaises, all);
}
