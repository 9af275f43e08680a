//! Certificates for tests that are about something else.

use std::time::Duration;

use openssl::{asn1, bn, ec, hash, nid, pkey, x509};

/// A certificate and its key in PEM, signed by itself, that lasts a day.
pub fn certificate() -> (String, String) {
    certificate_until(jiff::Timestamp::now() + Duration::from_secs(86_400))
}

/// One that lasts until then.
pub fn certificate_until(not_after: jiff::Timestamp) -> (String, String) {
    let group = ec::EcGroup::from_curve_name(nid::Nid::X9_62_PRIME256V1).unwrap();
    let key = pkey::PKey::from_ec_key(ec::EcKey::generate(&group).unwrap()).unwrap();
    let mut name = x509::X509Name::builder().unwrap();
    name.append_entry_by_text("CN", "somebody").unwrap();
    let name = name.build();
    let mut certificate = x509::X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_serial_number(&bn::BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&asn1::Asn1Time::from_unix(not_after.as_second()).unwrap()).unwrap();
    certificate.sign(&key, hash::MessageDigest::sha256()).unwrap();
    let text = |pem: Vec<u8>| String::from_utf8(pem).unwrap();
    (text(certificate.build().to_pem().unwrap()), text(key.private_key_to_pem_pkcs8().unwrap()))
}
