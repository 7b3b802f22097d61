//! What is kept is given up and read again: nothing that a change left behind may be needed for its safety.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn model() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let look_ups = thread::spawn({
        let node = Arc::clone(&node);
        move || {
            node.look_up();
            node.look_up();
        }
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let evict = thread::spawn({
        let node = Arc::clone(&node);
        move || node.evict()
    });
    if returned.heard() {
        refuse(node.hit());
    }
    look_ups.join().unwrap();
    revoke.join().unwrap();
    evict.join().unwrap();
    refuse(node.hit());
}

#[test]
fn what_was_read_before_is_not_answered() {
    holds(2, Flaw::None, model);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_was_read_before_is_not_answered_however_often_they_alternate() {
    holds(3, Flaw::None, model);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::PutUnlessThere, Flaw::CheckThenPut, Flaw::RelaxedTicks] {
        is_found(2, flaw, model);
    }
}
