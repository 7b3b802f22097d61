//! A look-up is joined while it is under way: not by who asks after a revocation that it may have missed.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, is_found, refuse};

fn a_revocation_returns() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let find = thread::spawn({
        let node = Arc::clone(&node);
        move || _ = node.find_or_join()
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    if returned.heard() {
        refuse(node.find_or_join());
    }
    find.join().unwrap();
    revoke.join().unwrap();
    refuse(node.find_or_join());
}

/// And what it left is written later.
fn a_revocation_is_gone() {
    let (node, gone, written) = (Arc::new(Node::new()), Arc::new(Told::new()), Arc::new(Told::new()));
    let find = thread::spawn({
        let node = Arc::clone(&node);
        move || _ = node.find_or_join()
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
            node.write();
            written.tell();
        }
    });
    if gone.heard() && written.heard() {
        refuse(node.find_or_join());
    }
    find.join().unwrap();
    revoke.join().unwrap();
    write.join().unwrap();
    refuse(node.find_or_join());
}

#[test]
fn what_it_read_before_is_not_told() {
    holds(3, Flaw::None, a_revocation_returns);
    holds(2, Flaw::None, a_revocation_is_gone);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_it_read_before_is_not_told_however_often_they_alternate() {
    holds(5, Flaw::None, a_revocation_returns);
    holds(3, Flaw::None, a_revocation_is_gone);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::JoinAlways, Flaw::VersionAfterFind] {
        is_found(3, flaw, a_revocation_returns);
    }
    for flaw in [Flaw::JoinInQuiet, Flaw::JoinAlways, Flaw::NoQuiet, Flaw::QuietAfterRaise] {
        is_found(2, flaw, a_revocation_is_gone);
    }
}
