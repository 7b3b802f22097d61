//! Two changes of one owner, of which the first by the clock may be the last to raise.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn model() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let look_up = thread::spawn({
        let node = Arc::clone(&node);
        move || node.look_up()
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let another = thread::spawn({
        let node = Arc::clone(&node);
        move || node.change_another()
    });
    if returned.heard() {
        refuse(node.hit());
    }
    look_up.join().unwrap();
    revoke.join().unwrap();
    another.join().unwrap();
    refuse(node.hit());
}

#[test]
fn what_was_read_before_is_not_answered() {
    holds(3, Flaw::None, model);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_was_read_before_is_not_answered_however_often_they_alternate() {
    holds(4, Flaw::None, model);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::StoredRaises, Flaw::VersionAfterFind, Flaw::RelaxedTicks] {
        is_found(3, flaw, model);
    }
}
