//! A look-up is under way when a revocation returns: what it read before is not accepted either. The cache and the handle,
//! each of which has a clock and places, ask for it once more after the read, and then read again.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn model() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let noted = node.note();
    let found = node.find();
    let had_returned = returned.heard();
    if had_returned && node.holds(noted) {
        refuse(Some(found));
    }
    revoke.join().unwrap();
}

#[test]
fn what_was_read_before_is_not_accepted() {
    holds(3, Flaw::None, model);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::RaiseBefore, Flaw::RelaxedLoads, Flaw::RelaxedTicks] {
        is_found(3, flaw, model);
    }
}
