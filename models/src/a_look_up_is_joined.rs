//! A look-up is joined while it is under way: not by who asks after a revocation that it may have missed; and what it
//! answers is checked by each who waited for it.

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
        move || _ = node.find_or_join(|| true)
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let (answer, had_returned) = node.find_or_join(|| returned.heard());
    if had_returned {
        refuse(answer);
    }
    find.join().unwrap();
    revoke.join().unwrap();
    refuse(node.find_or_join(|| true).0);
}

/// And what it left is written later.
fn a_revocation_is_gone() {
    let (node, gone, written) = (Arc::new(Node::new()), Arc::new(Told::new()), Arc::new(Told::new()));
    let find = thread::spawn({
        let node = Arc::clone(&node);
        move || _ = node.find_or_join(|| true)
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
        refuse(node.find_or_join(|| true).0);
    }
    find.join().unwrap();
    revoke.join().unwrap();
    write.join().unwrap();
    refuse(node.find_or_join(|| true).0);
}

#[test]
fn what_it_read_before_is_not_told() {
    holds(2, Flaw::None, a_revocation_returns);
    holds(2, Flaw::None, a_revocation_is_gone);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_it_read_before_is_not_told_however_often_they_alternate() {
    holds(4, Flaw::None, a_revocation_returns);
    holds(3, Flaw::None, a_revocation_is_gone);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::JoinAlways, Flaw::AnswerUnchecked, Flaw::VersionAfterFind] {
        is_found(2, flaw, a_revocation_returns);
    }
    for flaw in [Flaw::JoinInQuiet, Flaw::JoinAlways, Flaw::NoQuiet, Flaw::QuietAfterRaise] {
        is_found(2, flaw, a_revocation_is_gone);
    }
}
