//! The bugs, each under the rule that must catch it. Behind `=>` stand the other rules that may, since they look at the same
//! thing on their way to another; `any` where those are many, or chance has a part.
//!
//! Each topic is a macro that hands what it has to the next one; the last makes one enum and one table of it all.

#[macro_use]
mod changes;
#[macro_use]
mod queries;
#[macro_use]
mod records;
#[macro_use]
mod writes;

macro_rules! bugs {
    (; $($rule:ident { $($(#[doc = $doc:literal])* $bug:ident $(=> $($also:ident)+)?,)* })*) => {
        /// What a planted store does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($($(#[doc = $doc])* $bug,)*)*
        }

        /// Each bug, the rule that must catch it, and those that may.
        pub const BUGS: &[(Bug, &str, &[&str])] =
            &[$($((Bug::$bug, stringify!($rule), &[$($(stringify!($also)),*)?]),)*)*];
    };
}

records! { changes queries writes bugs; }

/// The bugs that need several tasks at once to be seen.
pub const RACES: &[Bug] = &[
    Bug::RemembersLate,
    Bug::NamesRace,
    Bug::LimitRaces,
    Bug::RevivalsRace,
    Bug::ClaimsWriteTheRow,
    Bug::UpdatesWriteNotices,
    Bug::UpdatesWriteUses,
    Bug::RotationsRace,
    Bug::WritesThePredecessorAlone,
    Bug::WritesTheSuccessorAlone,
    Bug::RevokesOneByOne,
    Bug::EditsRace,
    Bug::RevokeAllRaces,
    Bug::IssuesWriteAll,
    Bug::RevokeAllSaysTooMuch,
    Bug::IdsRace,
    Bug::UsesWriteTheRow,
    Bug::ClaimsRace,
    Bug::PruneRaces,
    Bug::UpdatesInsert,
    Bug::UpdatesOfNothingAreDone,
];
