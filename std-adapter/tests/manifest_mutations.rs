//! Broken texts: whatever arrives, there is an answer or an error that names the file, never a panic.

use std::collections::BTreeSet;

use plimsoll::manifest::{Api, Dump, HorizontalPodAutoscaler, documents, fill, load};

const FILE: &str = "mutant.yaml";

const SEEDS: [&str; 5] = [
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, labels: &l {app: web}}\nspec:\n  \
     scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  minReplicas: 1\n  maxReplicas: 10\n  \
     metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      target: {type: Utilization, \
     averageUtilization: 50}\n  - type: External\n    external:\n      metric: {name: q, selector: {matchLabels: *l}}\n      \
     target: {type: Value, value: 1.5Gi}\n  behavior:\n    scaleUp:\n      stabilizationWindowSeconds: 60\n      \
     tolerance: 0.05\n      policies:\n      - {type: Pods, value: 4, periodSeconds: 15}\n---\nkind: Service\n",
    "{\"apiVersion\": \"autoscaling/v1\", \"kind\": \"HorizontalPodAutoscaler\", \"metadata\": {\"name\": \"web\", \
     \"annotations\": {\"autoscaling.alpha.kubernetes.io/metrics\": \"[{\\\"type\\\":\\\"Pods\\\",\\\"pods\\\":\
     {\\\"metricName\\\":\\\"q\\\",\\\"targetAverageValue\\\":\\\"5\\\"}}]\"}}, \"spec\": {\"maxReplicas\": 5, \
     \"targetCPUUtilizationPercentage\": 70}}",
    "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [{\"metadata\": {\"name\": \"p\"}, \"spec\": \
     {\"containers\": [{\"name\": \"a\", \"resources\": {\"requests\": {\"cpu\": \"100m\"}}}]}, \"status\": \
     {\"phase\": \"Running\", \"startTime\": \"2026-11-24T02:33:56Z\", \"conditions\": [{\"type\": \"Ready\", \
     \"status\": \"True\", \"lastTransitionTime\": null}]}}]}",
    "kind: PodMetricsList\napiVersion: metrics.k8s.io/v1beta1\nitems:\n- metadata: {name: p}\n  timestamp: \
     \"2026-11-24T02:36:38Z\"\n  window: 1m30s\n  containers:\n  - {name: app, usage: {cpu: 25000000n, memory: 122Mi}}\n",
    "apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: web}\nspec: {replicas: 3}\nstatus:\n  replicas: 3\n  \
     selector: app=web,tier in (a, b),!canary\n",
];

/// Stand in for a word of a seed: other types, extremes, and what breaks naive readers.
const WORDS: [&str; 24] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "-1",
    "0",
    "1.5",
    "NaN",
    ".nan",
    ".inf",
    "-.inf",
    "1e999",
    "-1e-999",
    "9223372036854775808",
    "99999999999999999999999999999999999999999999",
    "0x7fffffff",
    "010",
    "1_0",
    "&a *a",
    "*l",
    "!!str x",
    "\u{0}",
    "\u{feff}\u{1F600}",
];

#[test]
fn mutants_never_panic_and_their_errors_name_the_file() {
    let mut tried = 0;
    let mut refused = 0;
    let mut messages = BTreeSet::new();
    for (index, seed) in SEEDS.iter().enumerate() {
        assert_eq!(read(seed.as_bytes()), Vec::<String>::new(), "a seed is whole");
        let mut random = Random(index as u64 + 1);
        for round in 0..600 {
            let mut text = seed.as_bytes().to_vec();
            match round % 6 {
                0 => text.truncate(random.below(text.len())),
                1 => {
                    for _ in 0..=random.below(3) {
                        let at = random.below(text.len());
                        text[at] ^= 1 << random.below(8);
                    }
                }
                2 => {
                    let at = random.below(text.len());
                    text[at] = [0xff, 0xc0, 0x80, 0, b'\t', b'"', b'{', b'\n'][random.below(8)];
                }
                3 | 4 => {
                    for _ in 0..=round % 2 {
                        let word = WORDS[random.below(WORDS.len())];
                        text = replace_word(&text, word, &mut random);
                    }
                }
                _ => {
                    // A piece stands twice, or moves.
                    let (a, b) = (random.below(text.len()), random.below(text.len()));
                    let piece = text[a.min(b)..a.max(b)].to_vec();
                    let at = random.below(text.len());
                    text.splice(at..at, piece);
                }
            }
            tried += 1;
            let errors = read(&text);
            refused += usize::from(!errors.is_empty());
            for error in errors {
                assert!(error.starts_with(FILE) && error.len() > FILE.len() + 10, "{error:?}");
                messages.insert(error);
            }
        }
    }
    println!("{tried} mutants, {refused} refused, {} different messages", messages.len());
    assert!(tried >= 1_000);
    // Mutation that changes nothing, or a reader that accepts everything, would show here.
    assert!(refused > tried / 3 && messages.len() > 200);
}

/// The messages of all readers that refuse the text.
fn read(text: &[u8]) -> Vec<String> {
    let mut errors = Vec::new();
    match load(FILE, text) {
        Ok(manifest) => {
            for loaded in manifest.hpas {
                let mut hpa = loaded.hpa.clone();
                fill(&mut hpa.spec);
                for violation in Api::default().validate(&hpa, Some(&loaded.hpa)) {
                    assert!(loaded.locate(&violation).starts_with(FILE));
                }
                // What was read can be written and read again.
                let again = serde_json::to_vec(&hpa).expect("plain data");
                let again = load(FILE, &again).expect("what we write, we read");
                assert_eq!(again.hpas[0].hpa, hpa);
            }
        }
        Err(error) => errors.push(error.to_string()),
    }
    if let Err(error) = Dump::read([(FILE, text)]) {
        errors.push(error.to_string());
    }
    for document in documents(FILE, text).unwrap_or_default() {
        assert!(document.line_of("spec.metrics[0].type") >= 1);
        if let Err(error) = HorizontalPodAutoscaler::from_document(&document) {
            assert!(error.to_string().starts_with(FILE));
        }
    }
    errors
}

/// Puts `word` in the place of a run of letters, digits and the like.
fn replace_word(text: &[u8], word: &str, random: &mut Random) -> Vec<u8> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'"');
    let starts: Vec<usize> =
        (0..text.len()).filter(|at| inside(text[*at]) && (*at == 0 || !inside(text[at - 1]))).collect();
    let Some(start) = starts.get(random.below(starts.len())).copied() else {
        return text.to_vec();
    };
    let end = start + text[start..].iter().take_while(|byte| inside(**byte)).count();
    [&text[..start], word.as_bytes(), &text[end..]].concat()
}

/// SplitMix64: the same mutants in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}
