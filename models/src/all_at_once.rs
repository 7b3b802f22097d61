//! The longest: look-ups that join each other, a revocation, a bus and an eviction, in all orders.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, refuse};

fn model() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let finds = [0, 1].map(|_| {
        let node = Arc::clone(&node);
        thread::spawn(move || _ = node.find_or_join())
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let others = thread::spawn({
        let node = Arc::clone(&node);
        move || {
            node.invalidate_all();
            node.evict();
        }
    });
    if returned.heard() {
        refuse(node.find_or_join());
    }
    for find in finds {
        find.join().unwrap();
    }
    revoke.join().unwrap();
    others.join().unwrap();
    refuse(node.find_or_join());
}

#[test]
fn what_was_read_before_is_not_answered() {
    holds(1, Flaw::None, model);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_was_read_before_is_not_answered_however_often_they_alternate() {
    holds(2, Flaw::None, model);
}
