"""The literature and the standards that an audit rests on, each written out once."""

from __future__ import annotations

from collections.abc import Mapping

LITERATURE: Mapping[str, str] = {
    "asvs": "OWASP Application Security Verification Standard 5.0 (2025), requirements 2.4.1, "
    "6.1.1 and 6.3.1. https://github.com/OWASP/ASVS/tree/v5.0.0_release/5.0",
    "ayer": "M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid, E. Silverman: An empirical "
    "distribution function for sampling with incomplete information. Annals of Mathematical "
    "Statistics 26 (1955), 641-647.",
    "back": "A. Back: Hashcash, a denial of service counter-measure (2002). "
    "http://www.hashcash.org/papers/hashcash.pdf",
    "bots": "OWASP Cheat Sheet Series: Bot Management and Anti-Automation. "
    "https://cheatsheetseries.owasp.org/cheatsheets/Bot_Management_and_Anti-Automation_Cheat_Sheet.html",
    "bursztein2010": "E. Bursztein, S. Bethard, C. Fabry, J. C. Mitchell, D. Jurafsky: How good "
    "are humans at solving CAPTCHAs? A large scale evaluation. IEEE Symposium on Security and "
    "Privacy (2010), 399-413.",
    "bursztein2011": "E. Bursztein, M. Martin, J. C. Mitchell: Text-based CAPTCHA strengths and "
    "weaknesses. ACM CCS (2011), 125-138.",
    "bursztein2014": "E. Bursztein, J. Aigrain, A. Moscicki, J. C. Mitchell: The end is nigh: "
    "generic solving of text-based CAPTCHAs. USENIX WOOT (2014).",
    "chellapilla": "K. Chellapilla, K. Larson, P. Y. Simard, M. Czerwinski: Designing human "
    "friendly human interaction proofs (HIPs). ACM CHI (2005), 711-720.",
    "cover": "T. M. Cover, P. E. Hart: Nearest neighbor pattern classification. IEEE "
    "Transactions on Information Theory 13 (1967), 21-27.",
    "cve2008": "CVE-2008-2020: a CAPTCHA of too few different images, passed by a table of their "
    "checksums. https://www.cve.org/CVERecord?id=CVE-2008-2020",
    "cwe804": "CWE-804: Guessable CAPTCHA. https://cwe.mitre.org/data/definitions/804.html",
    "elyaniv": "R. El-Yaniv, Y. Wiener: On the foundations of noise-free selective "
    "classification. Journal of Machine Learning Research 11 (2010), 1605-1641.",
    "finkelstein": "M. Finkelstein, H. G. Tucker, J. A. Veeh: Confidence intervals for the "
    "number of unseen types. Statistics and Probability Letters 37 (1998), 423-430.",
    "gallas": "B. D. Gallas: One-shot estimate of MRMC variance: AUC. Academic Radiology 13 "
    "(2006), 353-362.",
    "gao2016": "H. Gao, J. Yan, F. Cao, Z. Zhang, L. Lei, M. Tang, P. Zhang, X. Zhou, X. Wang, "
    "J. Li: A simple generic attack on text Captchas. NDSS (2016).",
    "gelman": "A. Gelman: Prior distributions for variance parameters in hierarchical models. "
    "Bayesian Analysis 1 (2006), 515-534.",
    "laurie": "B. Laurie, R. Clayton: Proof-of-work proves not to work. Workshop on Economics "
    "and Information Security (2004).",
    "legge": "G. E. Legge, C. A. Bigelow: Does print size matter for reading? A review of "
    "findings from vision science and typography. Journal of Vision 11 (2011), 5:8.",
    "mcaptcha": "Two that can be hosted by oneself: ALTCHA, "
    "https://github.com/altcha-org/altcha, and mCaptcha, https://github.com/mCaptcha/mCaptcha",
    "miller": "G. A. Miller: Note on the bias of information estimates. Information Theory in "
    "Psychology (1955), 95-100.",
    "motoyama": "M. Motoyama, K. Levchenko, C. Kanich, D. McCoy, G. M. Voelker, S. Savage: Re: "
    "CAPTCHAs: understanding CAPTCHA-solving services in an economic context. USENIX Security "
    "(2010).",
    "nist": "NIST SP 800-63B-4: Digital Identity Guidelines, Authentication and Authenticator "
    "Management (2025), on rate limiting. https://pages.nist.gov/800-63-4/sp800-63b.html",
    "oat": "OWASP Automated Threat Handbook: Web Applications, OAT-009 CAPTCHA Defeat. "
    "https://owasp.org/www-project-automated-threats-to-web-applications/",
    "privacypass": "RFC 9576, 9577 and 9578: Privacy Pass, its architecture, HTTP authentication "
    "scheme and issuance (2024). https://www.rfc-editor.org/rfc/rfc9576",
    "searles": "A. Searles, Y. Nakatsuka, E. Ozturk, A. Paverd, G. Tsudik, A. Enkoji: An "
    "empirical study and evaluation of modern CAPTCHAs. USENIX Security (2023). "
    "https://www.usenix.org/conference/usenixsecurity23/presentation/searles",
    "turingtest": "W3C: Inaccessibility of CAPTCHA, alternatives to visual Turing tests on the "
    "web (2021). https://www.w3.org/TR/turingtest/",
    "wang": "Y. H. Wang: On the number of successes in independent trials. Statistica Sinica 3 "
    "(1993), 295-312.",
    "wcag": "W3C: Web Content Accessibility Guidelines 2.2 (2023), success criteria 1.1.1, 1.4.3 "
    "and 3.3.8. https://www.w3.org/TR/WCAG22/",
    "webauthn": "W3C: Web Authentication, an API for accessing public key credentials, level 3. "
    "https://www.w3.org/TR/webauthn-3/",
    "wilson": "E. B. Wilson: Probable inference, the law of succession, and statistical "
    "inference. Journal of the American Statistical Association 22 (1927), 209-212.",
    "yan": "J. Yan, A. S. El Ahmad: A low-cost attack on a Microsoft CAPTCHA. ACM CCS (2008), "
    "543-554.",
    "ye": "G. Ye, Z. Tang, D. Fang, Z. Zhu, Y. Feng, P. Xu, X. Chen, Z. Wang: Yet another text "
    "Captcha solver: a generative adversarial network based approach. ACM CCS (2018), 332-348.",
}
"""Full references by a short name."""


def references(*names: str) -> str:
    """Return the full references of some names, as one text, a line each."""
    return "\n".join(LITERATURE[name] for name in names)
