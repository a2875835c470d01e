//! Requirements 18 and 19: every class of destination that must be refused by its form, name, port or literal address, and look-alikes that must
//! not be.

use std::net::IpAddr;

use countersign_net::{
    EgressPolicy, FixedAnswers, NOT_RESOLVED, OwnListeners, Resolver, check_url, check_urls,
    parse_ranges, parse_resolve_option,
};

const REFUSED: &[&str] = &[
    // Loopback in every spelling.
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0X7F.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.01/",
    "http://0177.0x0.0.1/",
    "http://00000177.0.0.1/",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.0.0.1/",
    "http://127。0。0。1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]:8080/",
    // This host.
    "http://0/",
    "http://0.0.0.0/",
    "http://0x0/",
    "http://0.1.2.3/",
    "http://[::]/",
    // Private.
    "http://10.0.0.1/",
    "http://167772161/",
    "http://012.0.0.1/",
    "http://0xa.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://0xc0a80001/",
    "http://192.168.257/",
    // CGNAT, link-local, protocol assignments, benchmark, documentation, multicast, reserved.
    "http://100.64.0.1/",
    "http://100.127.255.254/",
    "http://169.254.1.1/",
    "http://192.0.0.1/",
    "http://192.0.0.171/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.255/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://4294967295/",
    // Metadata.
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://169.254.170.2/v2/credentials",
    "http://192.0.0.192/",
    "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/",
    // IPv6 classes.
    "http://[fc00::1]/",
    "http://[fdff::1]/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[2001:2::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    "http://[4000::1]/",
    // IPv4 inside IPv6: public ones too, for no policy can tell where they end.
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::127.0.0.1]/",
    "http://[::7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[64:ff9b:1:a00:0:100::]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    // Zone ids.
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[2606:4700::1%25lo]/",
    // Names of this machine and of metadata services.
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://LocalHost.:8080/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://a.localhost/",
    "http://a.b.localhost./",
    "http://localhost.localdomain/",
    "http://ip6-localhost/",
    "http://ip6-loopback/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA.Google.Internal./",
    "http://x.metadata.google.internal/",
    "http://metadata.goog/",
    "http://metadata/",
    "http://instance-data/latest/",
    "http://x.instance-data/",
    "http://instance-data.ec2.internal/",
    // User information.
    "http://user@api.example.com/",
    "http://user:password@api.example.com/",
    "http://@api.example.com/",
    "http://api.example.com@127.0.0.1/",
    "http://api.example.com:80@127.0.0.1/",
    "http://api.example.com%40127.0.0.1/",
    "http://127.0.0.1\\@api.example.com/",
    "http://api.example.com\\@127.0.0.1/",
    "http://api.example.com&@127.0.0.1#@api.example.com/",
    // What needs guessing.
    "http:\\\\api.example.com/",
    "http://api.example.com\\path",
    "http:api.example.com/",
    "http:/api.example.com/",
    "http:///api.example.com/",
    "//api.example.com/",
    "api.example.com",
    "/path",
    "",
    "http://",
    "http:///",
    "http://?q",
    "http://#f",
    " http://api.example.com/",
    "http://api.example.com/ ",
    "http://api.example.com/a b",
    "http://api.exa\tmple.com/",
    "http://api.example.com/\r\nHost: evil.test",
    "http://api.example.com/\n",
    "http://evil.test\0.api.example.com/",
    "http://evil.test%00.api.example.com/",
    "http://evil.test%2fapi.example.com/",
    "http://%31%32%37.0.0.1/",
    "http://api.example.com\u{7f}/",
    "http://api.example.com\u{a0}/",
    "http://api.example.com\u{200b}/",
    "http://api.example\u{2028}.com/",
    "http://local\u{ad}host/",
    "http://api..example.com/",
    "http://.example.com/",
    "http://./",
    "http://api.example.com:/",
    "http://:80/",
    "http://api.example.com:80:80/",
    "http://api.example.com:99999/",
    "http://api.example.com:-1/",
    "http://api.example.com:8o/",
    "http://[::1/",
    "http://::1/",
    "http://[1.2.3.4]/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://1.2.3.0x100/",
    "http://exa<mple.com/",
    "http://exa^mple.com/",
    "http://exa|mple.com/",
    // Schemes.
    "file:///etc/passwd",
    "ftp://api.example.com/",
    "gopher://api.example.com/",
    "dict://api.example.com/",
    "ws://api.example.com/",
    "jar:http://api.example.com!/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:/var/run/docker.sock",
    "httpx://api.example.com/",
    // Bad ports.
    "http://api.example.com:0/",
    "http://api.example.com:1/",
    "http://api.example.com:22/",
    "http://api.example.com:25/",
    "https://api.example.com:53/",
    "http://api.example.com:0110/",
    "http://api.example.com:587/",
    "http://api.example.com:2049/",
    "http://api.example.com:6000/",
    "http://api.example.com:6667/",
    "http://api.example.com:10080/",
];

const ALLOWED: &[&str] = &[
    "https://8.8.8.8/",
    "https://1.1.1.1:8443/a?b=c#d",
    "http://134744072/",
    "http://0x08080808/",
    "http://9.255.255.255/",
    "http://11.0.0.1/",
    "http://100.63.255.255/",
    "http://100.128.0.1/",
    "http://126.255.255.255/",
    "http://128.0.0.1/",
    "http://169.253.255.255/",
    "http://169.255.0.1/",
    "http://172.15.255.255/",
    "http://172.32.0.1/",
    "http://192.0.1.1/",
    "http://192.167.255.255/",
    "http://192.169.0.1/",
    "http://198.17.255.255/",
    "http://198.20.0.1/",
    "http://223.255.255.255/",
    "http://168.63.129.17/",
    "https://[2606:4700:4700::1111]/",
    "https://[2001:4860:4860::8888]:8443/",
];

const NAMES: &[&str] = &[
    "https://api.example.com/",
    "https://API.Example.COM./v1?x=%2e%2e%2f#frag",
    "http://api.example.com:8080/",
    "http://api.example.com:6001/",
    "http://localhost.example.com/",
    "http://mylocalhost/",
    "http://localhosts/",
    "http://my-localhost.com/",
    "http://metadata.example.com/",
    "http://mymetadata.goog/",
    "http://google.internal/",
    "http://instance-data.example.com/",
    "http://127.0.0.1.nip.io/",
    "http://10.0.0.1.example.com/",
    "http://0x7f000001.example.com/",
    "http://intranet/",
    "http://bücher.example/",
    "http://xn--bcher-kva.example/",
    "http://under_score.example.com/",
    "http://api.example.com/@user",
    "http://api.example.com/?u=http://127.0.0.1@x",
    "http://api.example.com/a%00b%5c",
    "http://api.example.com/grüße?名=前",
];

fn strict() -> EgressPolicy {
    EgressPolicy::public_only(OwnListeners::default())
}

#[test]
fn every_refused_form_is_refused_without_dns() {
    let passed: Vec<_> = REFUSED
        .iter()
        .filter(|url| check_url(url, &strict(), Some(&["8.8.8.8".parse().unwrap()])).allowed)
        .collect();
    assert!(passed.is_empty(), "allowed: {passed:#?}");
}

#[test]
fn look_alike_addresses_are_allowed() {
    for url in ALLOWED {
        let verdict = check_url(url, &strict(), None);
        assert!(verdict.allowed, "{url}: {}", verdict.reason);
        assert!(
            verdict.reason.contains("is a public address"),
            "{url}: {}",
            verdict.reason
        );
    }
}

#[test]
fn names_are_allowed_until_they_resolve() {
    for url in NAMES {
        let verdict = check_url(url, &strict(), None);
        assert!(verdict.allowed, "{url}: {}", verdict.reason);
        assert_eq!(verdict.reason, NOT_RESOLVED, "{url}");
        assert_eq!(verdict.reason, "not resolved: checked again at connect");
        assert!(
            check_url(url, &strict(), Some(&["8.8.8.8".parse().unwrap()])).allowed,
            "{url}"
        );
        assert!(
            !check_url(url, &strict(), Some(&["10.0.0.1".parse().unwrap()])).allowed,
            "{url}"
        );
    }
}

#[test]
fn one_refused_answer_refuses_the_name() {
    let answers = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| text.parse().unwrap())
            .collect::<Vec<IpAddr>>()
    };
    for (addresses, allowed) in [
        (answers(&["8.8.8.8", "2606:4700::1"]), true),
        (answers(&["8.8.8.8", "127.0.0.1"]), false),
        (answers(&["127.0.0.1", "8.8.8.8"]), false),
        (answers(&["8.8.8.8", "::1"]), false),
        (answers(&["8.8.8.8", "::ffff:8.8.8.8"]), false),
        (answers(&["8.8.8.8", "8.8.4.4", "169.254.169.254"]), false),
    ] {
        assert_eq!(
            check_url("https://api.example.com/", &strict(), Some(&addresses)).allowed,
            allowed,
            "{addresses:?}"
        );
    }
}

#[test]
fn an_operator_opens_private_networks_but_never_metadata() {
    let private = strict().with_private_networks(true);
    for url in [
        "http://127.0.0.1:8080/",
        "http://10.1.2.3/",
        "http://[fd12::1]/",
        "http://[::1]/",
        "http://100.64.0.1/",
    ] {
        assert!(check_url(url, &private, None).allowed, "{url}");
    }
    let loopback = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    assert!(check_url("http://localhost:8080/", &private, Some(&loopback)).allowed);
    assert!(
        !check_url(
            "http://localhost:8080/",
            &private,
            Some(&["169.254.169.254".parse().unwrap()])
        )
        .allowed
    );
    for url in [
        "http://169.254.169.254/",
        "http://metadata.google.internal/",
        "http://metadata/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://169.254.1.1/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://127.0.0.1:22/",
        "http://u@127.0.0.1/",
    ] {
        assert!(!check_url(url, &private, Some(&loopback)).allowed, "{url}");
    }
    let ranges = strict().with_open_ranges(parse_ranges("127.0.0.0/8").unwrap());
    assert!(check_url("http://127.0.0.1/", &ranges, None).allowed);
    assert!(check_url("http://localhost/", &ranges, Some(&loopback[..1])).allowed);
    assert!(!check_url("http://localhost/", &ranges, Some(&loopback)).allowed);
    assert!(!check_url("http://10.0.0.1/", &ranges, None).allowed);
}

#[tokio::test]
async fn verdicts_come_in_order_with_fixed_answers_and_as_json() {
    let (name, addresses) = parse_resolve_option("Api.Example.com=10.0.0.1,8.8.8.8").unwrap();
    let resolver = Resolver::fixed(
        FixedAnswers::default()
            .with(&name, &addresses)
            .with("ok.example.com", &["8.8.8.8".parse().unwrap()]),
    );
    let urls = [
        "https://api.example.com./x",
        "https://ok.example.com/",
        "https://other.example.com/",
        "http://127.1/",
    ];
    let verdicts = check_urls(&urls, &strict(), &resolver).await;
    assert_eq!(
        verdicts
            .iter()
            .map(|verdict| verdict.allowed)
            .collect::<Vec<_>>(),
        [false, true, true, false]
    );
    assert_eq!(verdicts[0].reason, "10.0.0.1 is a private address");
    assert_eq!(verdicts[1].reason, "8.8.8.8 is a public address");
    assert_eq!(verdicts[2].reason, NOT_RESOLVED);
    assert_eq!(
        serde_json::to_string(&verdicts[3]).unwrap(),
        r#"{"url":"http://127.1/","allowed":false,"reason":"127.0.0.1 is a loopback address"}"#
    );
    for bad in ["x", "=1.2.3.4", "a=b", "127.0.0.1=8.8.8.8", "a=1.2.3.4,x"] {
        assert!(parse_resolve_option(bad).is_err(), "{bad}");
    }
}
