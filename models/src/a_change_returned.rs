//! A look-up and a revocation at once: what the look-up read before may be kept after, but is not answered.

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
    if returned.heard() {
        refuse(node.hit());
    }
    look_up.join().unwrap();
    revoke.join().unwrap();
    refuse(node.hit());
}

#[test]
fn what_was_read_before_is_not_answered() {
    holds(3, Flaw::None, model);
}

#[test]
fn each_flaw_is_found() {
    for flaw in [
        Flaw::PutOnly,
        Flaw::RemoveOnly,
        Flaw::CheckThenPut,
        Flaw::RaiseBefore,
        Flaw::VersionAfterFind,
        Flaw::RelaxedLoads,
        Flaw::RelaxedTicks,
    ] {
        is_found(3, flaw, model);
    }
}

/// The clock orders: who noted it since sees the change, and who hears that the change returned sees its place raised.
#[test]
fn how_the_raise_itself_is_ordered_does_not_matter() {
    holds(3, Flaw::RelaxedRaises, model);
}
