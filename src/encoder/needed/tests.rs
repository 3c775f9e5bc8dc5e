//! Small models in protobuf, and what is left of them.

use super::*;

fn message(parts: &[(u64, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, content) in parts {
        write(*number, content, &mut bytes);
    }
    bytes
}

/// A node without graphs within.
fn node(inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let inputs = inputs.iter().map(|n| (field::NODE_INPUT, n.as_bytes()));
    let outputs = outputs.iter().map(|n| (field::NODE_OUTPUT, n.as_bytes()));
    let operator = (4, &b"Op"[..]);
    message(&inputs.chain(outputs).chain([operator]).collect::<Vec<_>>())
}

fn graph(nodes: &[Vec<u8>], weights: &[&str], inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for node in nodes {
        write(field::NODE, node, &mut bytes);
    }
    for name in weights {
        let tensor = message(&[(9, &[0; 40]), (field::TENSOR_NAME, name.as_bytes())]);
        write(field::INITIALIZER, &tensor, &mut bytes);
    }
    for (number, names) in [(field::INPUT, inputs), (field::OUTPUT, outputs)] {
        for name in names {
            let value = message(&[(field::VALUE_NAME, name.as_bytes())]);
            write(number, &value, &mut bytes);
        }
    }
    bytes
}

fn model(graph: &[u8]) -> Vec<u8> {
    message(&[(2, b"a producer"), (field::GRAPH, graph), (8, b"\x10\x11")])
}

/// Two outputs behind a part that both need; `a` is the weight of one, `b` of the other, `both` of the part.
fn forked() -> Vec<Vec<u8>> {
    vec![
        node(&["picture", "both"], &["inner"]),
        node(&["inner", "a", ""], &["early"]),
        node(&["inner", "b"], &["deep", ""]),
        node(&["deep", ""], &["late"]),
    ]
}

#[test]
fn what_an_output_rests_on_stays_and_nothing_else() {
    let whole = graph(
        &forked(),
        &["a", "b", "both"],
        &["picture", "unused"],
        &["early", "late"],
    );
    let early = graph(
        &[forked()[0].clone(), forked()[1].clone()],
        &["a", "both"],
        &["picture", "unused"],
        &["early"],
    );
    let found = needed_for("early", model(&whole)).unwrap();
    let graphs: Vec<_> = fields(&found).map(Result::unwrap).collect();
    let of_model: Vec<_> = graphs.iter().map(|f| (f.number, f.content)).collect();
    let expected = [
        (2, &b"a producer"[..]),
        (8, b"\x10\x11"),
        (field::GRAPH, &early),
    ];
    assert_eq!(of_model, expected.map(|(n, content)| (n, Some(content))));
    let late = needed_for("late", model(&whole)).unwrap();
    assert!(
        late.windows(3).all(|w| w != b"\x42\x01a"),
        "the weight a is gone"
    );
    assert_eq!(
        needed_for("early", found.clone()).unwrap(),
        found,
        "nothing more to leave out"
    );
}

#[test]
fn the_order_of_nodes_does_not_matter() {
    let mut nodes = forked();
    nodes.reverse();
    let whole = graph(
        &nodes,
        &["a", "b", "both"],
        &["picture"],
        &["early", "late"],
    );
    let early = graph(&nodes[2..], &["a", "both"], &["picture"], &["early"]);
    let found = needed_for("early", model(&whole)).unwrap();
    assert!(found.ends_with(&early));
}

#[test]
fn a_weight_that_is_left_out_is_no_input_any_more() {
    let inputs = ["picture", "a", "b", "both"];
    let whole = graph(&forked(), &["a", "b", "both"], &inputs, &["early", "late"]);
    let found = needed_for("early", model(&whole)).unwrap();
    let of = |message: &[u8], number, name| {
        let names = names(message, number, name).unwrap().into_iter();
        let mut names: Vec<String> = names
            .map(|n| String::from_utf8(n.into()).unwrap())
            .collect();
        names.sort();
        names
    };
    let graph = fields(&found).map(Result::unwrap).last().unwrap().content;
    let inputs = of(graph.unwrap(), field::INPUT, field::VALUE_NAME);
    assert_eq!(inputs, ["a", "both", "picture"]);
}

#[test]
fn graphs_within_nodes_need_what_they_read_around_them() {
    for (attribute, inner) in [
        (
            field::ATTRIBUTE_GRAPH,
            graph(&[node(&["deep"], &["x"])], &[], &[], &["x"]),
        ),
        (field::ATTRIBUTE_GRAPHS, graph(&[], &[], &[], &["deep"])),
    ] {
        // A graph within a graph within a node.
        let within = |graph: &[u8], outputs: &[&str]| {
            let branch = message(&[(attribute, graph)]);
            let mut bytes = node(&["inner"], outputs);
            write(field::NODE_ATTRIBUTE, &branch, &mut bytes);
            bytes
        };
        let outer = graph(&[within(&inner, &["y"])], &[], &[], &["y"]);
        let mut nodes = forked();
        nodes.push(within(&outer, &["chosen"]));
        let whole = graph(
            &nodes,
            &["a", "b", "both"],
            &["picture"],
            &["early", "chosen"],
        );
        let found = needed_for("chosen", model(&whole)).unwrap();
        let kept = [&nodes[0], &nodes[2], &nodes[4]].map(Clone::clone);
        let expected = graph(&kept, &["b", "both"], &["picture"], &["chosen"]);
        assert!(found.ends_with(&expected), "{attribute}");
    }
}

#[test]
fn an_output_that_is_not_there_leaves_the_model_as_it_is() {
    let whole = model(&graph(&forked(), &["a"], &["picture"], &["early", "late"]));
    for output in ["", "inner", "picture", "EARLY"] {
        assert_eq!(
            needed_for(output, whole.clone()).unwrap(),
            whole,
            "{output}"
        );
    }
}

#[test]
fn what_is_no_model_is_an_error_and_never_a_panic() {
    let whole = model(&graph(&forked(), &["a"], &["picture"], &["early", "late"]));
    for cut in 1..whole.len() {
        let _ = needed_for("early", whole[..cut].to_vec());
    }
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut spoiled = whole.clone();
            spoiled[place] ^= 1 << bit;
            let _ = needed_for("early", spoiled);
        }
    }
    assert!(needed_for("early", b"a picture of a cat".to_vec()).is_err());
    let mut deep = graph(&[], &[], &[], &["early"]);
    for _ in 0..MOST_LEVELS / LEVELS_PER_GRAPH + 2 {
        let branch = message(&[(field::ATTRIBUTE_GRAPH, &deep)]);
        let node = message(&[
            (field::NODE_OUTPUT, b"early"),
            (field::NODE_ATTRIBUTE, &branch),
        ]);
        deep = graph(&[node], &[], &[], &["early"]);
    }
    let error = needed_for("early", model(&deep)).unwrap_err();
    assert!(error.contains("100 messages"), "{error}");
}
