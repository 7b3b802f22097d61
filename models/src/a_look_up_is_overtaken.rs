//! The handle's own fence, over any store: what was read before a change returned is not accepted after.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::{Node, Record};
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
    let accepted = !node.was_overtaken(noted) && found == Record::Valid;
    if had_returned && accepted {
        refuse(Some(found));
    }
    revoke.join().unwrap();
}

#[test]
fn a_verification_that_was_overtaken_accepts_nothing() {
    holds(3, Flaw::None, model);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [Flaw::RaiseBefore, Flaw::RelaxedLoads, Flaw::RelaxedTicks] {
        is_found(3, flaw, model);
    }
}
