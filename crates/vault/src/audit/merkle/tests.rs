use proptest::{prelude::*, sample::Index};

use super::*;
use crate::hash::Sha256;

/// RFC 6962, section 2.1, word for word: the slow truth that everything is compared with.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            node(
                &naive_root(&leaves[..middle]),
                &naive_root(&leaves[middle..]),
            )
        }
    }
}

fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut path, other) = if index < middle {
        (naive_path(index, left), right)
    } else {
        (naive_path(index - middle, right), left)
    };
    path.push(naive_root(other));
    path
}

fn naive_subproof(older: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if older == leaves.len() {
        return if known {
            Vec::new()
        } else {
            vec![naive_root(leaves)]
        };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, other) = if older <= middle {
        (naive_subproof(older, left, known), right)
    } else {
        (naive_subproof(older - middle, right, false), left)
    };
    proof.push(naive_root(other));
    proof
}

fn leaf(data: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(&[0]).update(data);
    hasher.finish()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|index| leaf(&index.to_be_bytes())).collect()
}

fn frontier(leaves: &[Hash]) -> Frontier {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.append(*leaf);
    }
    frontier
}

fn prove(mut builder: ProofBuilder, leaves: &[Hash]) -> Vec<Hash> {
    for leaf in leaves {
        builder.feed(*leaf);
    }
    builder.finish().unwrap()
}

fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The known answers of the reference implementation's tests (certificate-transparency, merkle tree of eight leaves).
#[test]
fn known_answers_of_rfc_6962() {
    let data: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    assert_eq!(
        hex(&empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mut tree = Frontier::new();
    for (data, root) in data.into_iter().zip(roots) {
        tree.append(leaf(data));
        assert_eq!(hex(&tree.root()), root);
    }
}

#[test]
fn frontiers_and_proofs_agree_with_the_naive_tree_for_all_small_sizes() {
    for size in 0..=40_usize {
        let all = leaves(size);
        let root = naive_root(&all);
        assert_eq!(frontier(&all).root(), root, "size {size}");
        for index in 0..size {
            let proof = prove(
                ProofBuilder::inclusion(index as u64, size as u64).unwrap(),
                &all,
            );
            assert_eq!(
                proof,
                naive_path(index, &all),
                "inclusion of {index} in {size}"
            );
            assert!(verify_inclusion(
                &all[index],
                index as u64,
                size as u64,
                &proof,
                &root
            ));
        }
        for older in 0..=size {
            let proof = prove(
                ProofBuilder::consistency(older as u64, size as u64).unwrap(),
                &all,
            );
            if older > 0 {
                assert_eq!(
                    proof,
                    naive_subproof(older, &all, true),
                    "consistency of {older} in {size}"
                );
            }
            assert!(
                verify_consistency(
                    older as u64,
                    &naive_root(&all[..older]),
                    size as u64,
                    &root,
                    &proof
                ),
                "{older} in {size}"
            );
        }
    }
}

proptest! {
    #[test]
    fn proofs_hold_for_large_trees(size in 1_usize..3_000, index in any::<Index>(), older in any::<Index>()) {
        let all = leaves(size);
        let root = frontier(&all).root();
        let index = index.index(size);
        let proof = prove(ProofBuilder::inclusion(index as u64, size as u64).unwrap(), &all);
        prop_assert!(verify_inclusion(&all[index], index as u64, size as u64, &proof, &root));
        let older = older.index(size) + 1;
        let proof = prove(ProofBuilder::consistency(older as u64, size as u64).unwrap(), &all);
        prop_assert!(verify_consistency(older as u64, &frontier(&all[..older]).root(), size as u64, &root, &proof));
    }

    /// Whatever is changed about a true inclusion proof makes it false: no part of it is left unchecked.
    #[test]
    fn forged_inclusion_proofs_are_refused(size in 2_usize..200, index in any::<Index>(), step in any::<Index>(), bit in 0_u8..8, byte in 0_usize..32) {
        let all = leaves(size);
        let (root, count, index) = (frontier(&all).root(), size as u64, index.index(size));
        let proof = prove(ProofBuilder::inclusion(index as u64, count).unwrap(), &all);
        let place = index as u64;
        let mut flipped = proof.clone();
        flipped[step.index(proof.len())][byte] ^= 1 << bit;
        prop_assert!(!verify_inclusion(&all[index], place, count, &flipped, &root));
        let mut shorter = proof.clone();
        shorter.remove(step.index(proof.len()));
        prop_assert!(!verify_inclusion(&all[index], place, count, &shorter, &root));
        let mut longer = proof.clone();
        longer.insert(step.index(proof.len() + 1), proof[step.index(proof.len())]);
        prop_assert!(!verify_inclusion(&all[index], place, count, &longer, &root));
        for other in (0..count).filter(|other| *other != place) {
            prop_assert!(!verify_inclusion(&all[index], other, count, &proof, &root));
        }
        prop_assert!(!verify_inclusion(&all[(index + 1) % size], place, count, &proof, &root));
        prop_assert!(!verify_inclusion(&all[index], count, count, &proof, &root));
    }

    /// The consistency proof of a tree whose beginning was rewritten is refused, in any of its steps.
    #[test]
    fn forged_consistency_proofs_are_refused(size in 2_usize..200, older in any::<Index>(), step in any::<Index>(), byte in 0_usize..32) {
        let all = leaves(size);
        let older = older.index(size - 1) + 1;
        let (old_root, root) = (frontier(&all[..older]).root(), frontier(&all).root());
        let (first, second) = (older as u64, size as u64);
        let proof = prove(ProofBuilder::consistency(first, second).unwrap(), &all);
        let mut flipped = proof.clone();
        flipped[step.index(proof.len())][byte] ^= 1;
        prop_assert!(!verify_consistency(first, &old_root, second, &root, &flipped));
        let mut shorter = proof.clone();
        shorter.remove(step.index(proof.len()));
        prop_assert!(!verify_consistency(first, &old_root, second, &root, &shorter));
        let mut longer = proof.clone();
        longer.insert(step.index(proof.len() + 1), root);
        prop_assert!(!verify_consistency(first, &old_root, second, &root, &longer));
        let mut rewritten = all;
        rewritten[older - 1][byte] ^= 1;
        let forged = prove(ProofBuilder::consistency(first, second).unwrap(), &rewritten);
        prop_assert!(!verify_consistency(first, &old_root, second, &frontier(&rewritten).root(), &forged));
        prop_assert!(!verify_consistency(first, &old_root, second, &root, &[]));
    }

    #[test]
    fn frontiers_survive_storage(size in 0_usize..500, more in 0_usize..50) {
        let all = leaves(size + more);
        let stored = frontier(&all[..size]).to_bytes();
        let mut resumed = Frontier::from_bytes(&stored).unwrap();
        all[size..].iter().for_each(|leaf| resumed.append(*leaf));
        prop_assert_eq!(resumed.root(), naive_root(&all));
        prop_assert!(Frontier::from_bytes(&stored[..stored.len() - 1]).is_err());
        prop_assert!(Frontier::from_bytes(&[&stored[..], &[0; 32]].concat()).is_err());
    }
}

#[test]
fn proofs_outside_the_tree_are_refused() {
    assert!(ProofBuilder::inclusion(3, 3).is_err());
    assert!(ProofBuilder::consistency(4, 3).is_err());
    assert_eq!(
        ProofBuilder::inclusion(0, 3).unwrap().finish(),
        Err(ProofError::Leaves {
            expected: 3,
            given: 0
        })
    );
    assert!(!verify_inclusion(&[0; 32], 0, 0, &[], &empty_root()));
    assert!(!verify_consistency(0, &[1; 32], 4, &[2; 32], &[]));
}
