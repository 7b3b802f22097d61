//! Base64url without padding (RFC 4648 §5) of whole groups, without a branch or a table: the time tells nothing of the
//! secret, and the compiler makes vectors of it.

/// Eight characters are a group of 48 bits, in the low ones of a number.
const CHARACTERS: usize = 8;

/// False if a character is not of the alphabet.
pub(super) fn decode<const T: usize, const G: usize>(text: &[u8; T], groups: &mut [u64; G]) -> bool {
    const { assert!(T.is_multiple_of(CHARACTERS) && T / CHARACTERS == G) };
    let (mut sextets, mut all) = ([0; T], 0);
    for (sextet, character) in sextets.iter_mut().zip(text) {
        *sextet = sextet_of(*character);
        all |= *sextet;
    }
    let (eights, _) = sextets.as_chunks::<CHARACTERS>();
    groups.iter_mut().zip(eights).for_each(|(group, eight)| *group = join(u64::from_le_bytes(*eight)));
    all & NONE == 0
}

pub(super) fn encode<const G: usize, const T: usize>(groups: &[u64; G]) -> [u8; T] {
    const { assert!(T.is_multiple_of(CHARACTERS) && T / CHARACTERS == G) };
    let mut text = [0; T];
    let (eights, _) = text.as_chunks_mut::<CHARACTERS>();
    groups.iter().zip(eights).for_each(|(group, eight)| *eight = split(*group).to_le_bytes());
    text.iter_mut().for_each(|place| *place = character_of(*place));
    text
}

/// Of what is no character of the alphabet.
const NONE: u8 = 0x80;

fn sextet_of(character: u8) -> u8 {
    let upper = all_ones_if(character.wrapping_sub(b'A') < 26);
    let lower = all_ones_if(character.wrapping_sub(b'a') < 26);
    let digit = all_ones_if(character.wrapping_sub(b'0') < 10);
    let hyphen = all_ones_if(character == b'-');
    let underscore = all_ones_if(character == b'_');
    let known = upper | lower | digit | hyphen | underscore;
    // What is to be added to the character for its value.
    let offset = (upper & 0_u8.wrapping_sub(b'A'))
        | (lower & 26_u8.wrapping_sub(b'a'))
        | (digit & 52_u8.wrapping_sub(b'0'))
        | (hyphen & 62_u8.wrapping_sub(b'-'))
        | (underscore & 63_u8.wrapping_sub(b'_'));
    character.wrapping_add(offset) | (!known & NONE)
}

fn character_of(sextet: u8) -> u8 {
    let upper = all_ones_if(sextet < 26);
    let lower = all_ones_if(sextet.wrapping_sub(26) < 26);
    let digit = all_ones_if(sextet.wrapping_sub(52) < 10);
    let offset = (upper & b'A')
        | (lower & b'a'.wrapping_sub(26))
        | (digit & b'0'.wrapping_sub(52))
        | (all_ones_if(sextet == 62) & b'-'.wrapping_sub(62))
        | (all_ones_if(sextet == 63) & b'_'.wrapping_sub(63));
    sextet.wrapping_add(offset)
}

fn all_ones_if(condition: bool) -> u8 {
    u8::from(condition).wrapping_neg()
}

/// Eight sextets, each in a byte, the first in the lowest, to 48 bits: neighbours join, then pairs, then fours.
fn join(sextets: u64) -> u64 {
    let pairs = (sextets & 0x003F_003F_003F_003F) << 6 | sextets >> 8 & 0x003F_003F_003F_003F;
    let fours = (pairs & 0x0000_0FFF_0000_0FFF) << 12 | pairs >> 16 & 0x0000_0FFF_0000_0FFF;
    (fours & 0x00FF_FFFF) << 24 | fours >> 32 & 0x00FF_FFFF
}

/// The way back.
fn split(bits: u64) -> u64 {
    let fours = bits >> 24 & 0x00FF_FFFF | (bits & 0x00FF_FFFF) << 32;
    let pairs = fours >> 12 & 0x0000_0FFF_0000_0FFF | (fours & 0x0000_0FFF_0000_0FFF) << 16;
    pairs >> 6 & 0x003F_003F_003F_003F | (pairs & 0x003F_003F_003F_003F) << 8
}
