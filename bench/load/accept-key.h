/* Sec-WebSocket-Accept (RFC 6455 §4.2.2): Base64 of SHA-1 of the client's key and a fixed text. Once per connection, so clear
 * before fast; nothing here is meant for secrets. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SHA1_BYTES = 20, SHA1_BLOCK_BYTES = 64, ACCEPT_KEY_CHARS = 28 };

static uint32_t rotate_left(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

/* RFC 3174 §6.1 */
static void sha1_block(uint32_t hash[5], const uint8_t *block) {
    uint32_t words[80], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int i = 0; i < 16; i++, block += 4)
        words[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (int i = 16; i < 80; i++) words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = rotate_left(a, 5) + mixed + e + words[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
}

/* Of up to 119 bytes: two blocks, or one, hold them with the padding (a 1 bit, zeros, the length in bits). */
static void sha1(uint8_t digest[SHA1_BYTES], const void *bytes, size_t count) {
    uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t padded[2 * SHA1_BLOCK_BYTES] = {0};
    size_t end = count + 9 <= SHA1_BLOCK_BYTES ? SHA1_BLOCK_BYTES : sizeof padded;
    memcpy(padded, bytes, count);
    padded[count] = 0x80;
    padded[end - 2] = (uint8_t)(count * 8 >> 8);
    padded[end - 1] = (uint8_t)(count * 8);
    for (size_t at = 0; at < end; at += SHA1_BLOCK_BYTES) sha1_block(hash, padded + at);
    for (int i = 0; i < SHA1_BYTES; i++) digest[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}

/* 20 bytes are 26 characters and two thirds: a zero byte more, and its character replaced by the padding. */
static void base64_of_digest(char text[ACCEPT_KEY_CHARS + 1], const uint8_t digest[SHA1_BYTES]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[SHA1_BYTES + 1] = {0};
    memcpy(bytes, digest, SHA1_BYTES);
    for (int from = 0, to = 0; from < SHA1_BYTES; from += 3, to += 4) {
        uint32_t group = (uint32_t)bytes[from] << 16 | (uint32_t)bytes[from + 1] << 8 | bytes[from + 2];
        for (int i = 0; i < 4; i++) text[to + i] = alphabet[group >> (18 - 6 * i) & 63];
    }
    text[ACCEPT_KEY_CHARS - 1] = '=';
    text[ACCEPT_KEY_CHARS] = 0;
}

static void compute_accept_key(char accept_key[ACCEPT_KEY_CHARS + 1], const char *key, size_t key_chars) {
    char text[64];
    uint8_t digest[SHA1_BYTES];
    /* A key has 24 characters; of a longer one only so many are used, and its client will object. */
    int length = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)(key_chars < 24 ? key_chars : 24), key);
    sha1(digest, text, (size_t)length);
    base64_of_digest(accept_key, digest);
}
