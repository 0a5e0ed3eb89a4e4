/**
 * A certificate authority of our own, and what it signed; valid from 2020 until 2126. For tests: the keys are public.
 * Made with `openssl ca`; the authority's own key was thrown away.
 */

/** A private key and its certificate, as PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** What a client must be told to trust. */
export const testAuthority: string = `-----BEGIN CERTIFICATE-----
MIIBZDCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5UZXN0IGF1
dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowGTEXMBUG
A1UEAwwOVGVzdCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARS
nwKYQn5mng/C28dn78r+13TkGXu1AYnvNhw/ZbVAN0CT5w8nFuCOHzc0rRDhU4Dy
WpfFpSz8TdAs/3u73dU8o0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQE
AwIBBjAdBgNVHQ4EFgQUP+9h7kA+BCaoizF3ubebsK6OPwEwCgYIKoZIzj0EAwID
RwAwRAIgZxRJcjLVVN4qwtl+CfmuiO6qq2BdqbyRceyCAkSEonUCIFPmPaRHz+ja
mYVPBY0Icci3WLt4yR5wEgBE/QTgmBJM
-----END CERTIFICATE-----
`;

/** For localhost, 127.0.0.1 and ::1. */
export const serverIdentity: Identity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0On7QVBJ7347Gy2c
yJMozKFAv1CeAONWvEo0Qft7OumhRANCAARu9GvYyMbRZl8eg6jyKhMf+cIP8Hs2
k8yT7aLVzeIZ2duz7Xo+NxjxHIKiE886GaXCeOqakYMCC1GRZGjkFmOW
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBxDCCAWmgAwIBAgIBAjAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5UZXN0IGF1
dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowFDESMBAG
A1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbvRr2MjG
0WZfHoOo8ioTH/nCD/B7NpPMk+2i1c3iGdnbs+16PjcY8RyCohPPOhmlwnjqmpGD
AgtRkWRo5BZjlqOBpDCBoTAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAT
BgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQU2Ap2sUOdNHNosB+oRLntOaBs
bFIwHwYDVR0jBBgwFoAUP+9h7kA+BCaoizF3ubebsK6OPwEwLAYDVR0RBCUwI4IJ
bG9jYWxob3N0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0kA
MEYCIQDTkxIGCG6y31IPwffDn+HWiGdmMZqmn+kjTldhKUOmigIhAL+bqrk+jQm1
GXrJGJ4jGKEJYtf9cOUmAtO8t4guUOCW
-----END CERTIFICATE-----
`,
};

/** For a server that asks who its clients are. */
export const clientIdentity: Identity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEFoyN8VuScst7oNq
AJdcQAKBvuOXHVFuCCcFL+SWE/+hRANCAATRcaeWcL3sY4ZeLqXP0U5LobVqpizb
TNAiTeEtpTMXFdCE6e2h3SFtE4grxjdgjhYhtjpgZstkeXoSvCg7W6r/
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIBAzAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5UZXN0IGF1
dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowFjEUMBIG
A1UEAwwLVGVzdCBjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATRcaeW
cL3sY4ZeLqXP0U5LobVqpizbTNAiTeEtpTMXFdCE6e2h3SFtE4grxjdgjhYhtjpg
ZstkeXoSvCg7W6r/o3UwczAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAT
BgNVHSUEDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQUmud6WVIcMDPemIZqYc2uqPuc
ysYwHwYDVR0jBBgwFoAUP+9h7kA+BCaoizF3ubebsK6OPwEwCgYIKoZIzj0EAwID
RwAwRAIgG6FBfX+scpQSpSn4JqfLfBZk7VWnQteIRQJ8ZoGEDLICIFQm+2QXMcdI
Wm/9a3Ejp42JZzuvQUrDy3dttakuiXje
-----END CERTIFICATE-----
`,
};
