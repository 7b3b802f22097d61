//! A revocation was cancelled or failed, and is written before, meanwhile or later: once it is written, what was read before
//! is not answered. It is written no later than `max_staleness` after the call is gone; what comes later is bounded as a
//! change made elsewhere is.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn model() {
    let (node, gone, written) = (Arc::new(Node::new()), Arc::new(Told::new()), Arc::new(Told::new()));
    let look_up = thread::spawn({
        let node = Arc::clone(&node);
        move || node.look_up()
    });
    let revoke = thread::spawn({
        let (node, gone) = (Arc::clone(&node), Arc::clone(&gone));
        move || {
            node.leave_a_revocation();
            gone.tell();
        }
    });
    let write = thread::spawn({
        let (node, written) = (Arc::clone(&node), Arc::clone(&written));
        move || {
            node.grow_late(1);
            node.write();
            written.tell();
            node.grow_late(2);
        }
    });
    if gone.heard() && written.heard() {
        refuse(node.hit());
    }
    look_up.join().unwrap();
    revoke.join().unwrap();
    write.join().unwrap();
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
    for flaw in [
        Flaw::NoQuiet,
        Flaw::QuietAfterRaise,
        Flaw::QuietReadFirst,
        Flaw::QuietByNow,
        Flaw::VersionAfterFind,
        Flaw::RelaxedLoads,
        Flaw::RelaxedTicks,
    ] {
        is_found(2, flaw, model);
    }
}

/// It must follow the version: a look-up whose version the change has not raised yet is stale by its version.
#[test]
fn whether_it_is_quiet_may_be_asked_before_the_read() {
    holds(2, Flaw::QuietReadBeforeFind, model);
}

/// It is said before the clock moves, which orders it.
#[test]
fn how_the_quiet_itself_is_ordered_does_not_matter() {
    holds(2, Flaw::RelaxedRaises, model);
}
